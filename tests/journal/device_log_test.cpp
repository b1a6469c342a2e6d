// The device log: durable, signed, and not to be set back unseen.

#include <algorithm>
#include <catch2/catch.hpp>

#include "capture/journal/device_log.h"
#include "capture/journal/merkle.h"
#include "capture/journal/record.h"
#include "firmware/base/json_io.h"
#include "tests/base/fault_file_system.h"
#include "tests/base/temporary_directory.h"
#include "tests/base/test_keys.h"

using namespace shilu;
using namespace shilu::journal;
using test::TemporaryDirectory;

namespace {

struct Device {
  TemporaryDirectory home;
  CertifiedKey key = test::certified(home / "keys", KeyRole::kSeal);
  ManualClock clock;
  std::filesystem::path directory = home / "device-log";

  std::unique_ptr<DeviceLog> open(FileSystem& files = posix_file_system()) {
    return DeviceLog::open(files, directory, key, clock).value();
  }
};

std::vector<std::string> events_of(const DeviceLog& log) {
  std::vector<std::string> events;
  log.each([&](const LogEntry& entry) { events.push_back(entry.event); });
  return events;
}

bool found(const LogReport& report, std::string_view code) {
  return std::any_of(report.findings.begin(), report.findings.end(),
                     [&](const LogFinding& finding) { return finding.code == code; });
}

// The device's disk, copied: what a thief or a clumsy restore puts back.
void copy_folder(const std::filesystem::path& from, const std::filesystem::path& to) {
  std::filesystem::remove_all(to);
  std::filesystem::copy(from, to, std::filesystem::copy_options::recursive);
}

}  // namespace

TEST_CASE("entries are there when append returns, in order, and after a restart") {
  Device device;
  {
    const auto log = device.open();
    REQUIRE(log->append("boot", {{"software", "shilu 0.1.0"}}));
    device.clock.advance(std::chrono::seconds(3));
    REQUIRE(log->append("sign-in", {{"subject_sha256", std::string(64, 'a')}}));
    CHECK(log->size() == 4);  // log.json, the key, and these two
  }                           // no checkpoint, no goodbye: as after kill -9
  const auto log = device.open();
  CHECK(events_of(*log) == std::vector<std::string>{"key", "boot", "sign-in"});
  std::vector<LogEntry> entries;
  log->each([&](const LogEntry& entry) { entries.push_back(entry); });
  CHECK(entries[1].members == R"({"software":"shilu 0.1.0"})");
  CHECK(entries[2].at_ns - entries[1].at_ns == 3'000'000'000);
  CHECK(to_rfc3339(entries[1].utc) == "2026-05-28T20:26:40.000Z");
  CHECK(entries[1].boot_id == boot_id());
}

TEST_CASE("the head is an RFC 6962 tree over log.json and the entries, signed by the seal key") {
  Device device;
  const auto log = device.open();
  REQUIRE(log->append("boot"));
  const auto head = log->head(0, "offer").value();
  CHECK(head.checkpoint.checkpoint.tree_size == 3);
  CHECK(head.checkpoint.checkpoint.lesson_id == log->log_id());
  CHECK(head.checkpoint.envelope.payload_type == "application/vnd.shilu.log-checkpoint+json");
  CHECK(head.checkpoint.envelope.verified_by(device.key.key.public_key()));
  const auto payload = parse_json(as_text(head.checkpoint.envelope.payload)).value();
  CHECK(payload["log_id"] == log->log_id());
  CHECK_FALSE(payload.contains("lesson_id"));
  // The root, from the bytes of the files: RFC 6962 2.1 for three leaves.
  const auto identity = read_file(device.directory / "log.json").value();
  const auto journal = read_file(device.directory / "journal").value();
  const auto first = unframe(ByteView(journal).subspan(kMagic.size())).value();
  const auto rest = ByteView(journal).subspan(kMagic.size() + first.size);
  const auto root = node_hash(
      node_hash(leaf_hash(identity), leaf_hash(ByteView(journal).subspan(kMagic.size(), first.size))),
      leaf_hash(rest));
  CHECK(head.checkpoint.checkpoint.root == root);
  // Nothing new: the same head again, no second signature.
  CHECK(log->head(0, "offer").value().checkpoint.line == head.checkpoint.line);
}

TEST_CASE("a log that goes on is consistent, one that was set back is not") {
  Device device;
  auto log = device.open();
  for (int i = 0; i < 5; ++i) REQUIRE(log->append("boot"));
  const auto old_head = log->head(0, "offer").value().checkpoint.checkpoint;
  copy_folder(device.directory, device.home / "image");  // the old image of the disk
  for (int i = 0; i < 4; ++i) REQUIRE(log->append("receipt", {{"number", i}}));
  const auto known = log->head(old_head.tree_size, "offer").value();
  CHECK(compare_heads(old_head, known.checkpoint.checkpoint, known.consistency) == LogVerdict::kConsistent);

  log.reset();
  copy_folder(device.home / "image", device.directory);
  log = device.open();
  const auto& platform_knows = known.checkpoint.checkpoint;
  SECTION("at once: fewer entries than the platform knows") {
    const auto head = log->head(platform_knows.tree_size, "offer").value();
    CHECK(compare_heads(platform_knows, head.checkpoint.checkpoint, head.consistency) ==
          LogVerdict::kRolledBack);
  }
  SECTION("after it went on for as long, or longer") {
    const int more = GENERATE(4, 9);
    for (int i = 0; i < more; ++i) REQUIRE(log->append("delete", {{"id", i}}));
    const auto head = log->head(platform_knows.tree_size, "offer").value();
    CHECK(compare_heads(platform_knows, head.checkpoint.checkpoint, head.consistency) == LogVerdict::kForked);
    // What it can prove is that it goes on from the image; that helps it nothing.
    const auto from_image = log->head(old_head.tree_size, "offer").value();
    CHECK(compare_heads(platform_knows, from_image.checkpoint.checkpoint, from_image.consistency) ==
          LogVerdict::kForked);
  }
  SECTION("with a log begun anew") {
    log.reset();
    std::filesystem::remove_all(device.directory);
    log = device.open();
    for (int i = 0; i < 20; ++i) REQUIRE(log->append("boot"));
    const auto head = log->head(platform_knows.tree_size, "offer").value();
    CHECK(compare_heads(platform_knows, head.checkpoint.checkpoint, head.consistency) == LogVerdict::kForked);
  }
}

TEST_CASE("a power cut at any moment loses no entry that was acknowledged") {
  for (int cut = 1;; ++cut) {
    CAPTURE(cut);
    Device device;
    test::FaultFileSystem disk;
    disk.fail_from(cut, static_cast<std::size_t>(cut % 7));
    std::vector<std::string> acknowledged;
    bool done = false;
    {
      auto log = DeviceLog::open(disk, device.directory, device.key, device.clock);
      for (int i = 0; log && i < 4; ++i) {
        done = (*log)->append(std::to_string(i)).has_value();
        if (done) acknowledged.push_back(std::to_string(i));
        if (i == 1) (void)(*log)->head(0, "offer");
      }
    }
    disk.torn_power_cut(static_cast<unsigned>(cut));
    auto log = DeviceLog::open(disk, device.directory, device.key, device.clock);
    REQUIRE(log);
    const auto events = events_of(**log);
    for (const auto& event : acknowledged) CHECK(std::count(events.begin(), events.end(), event) == 1);
    REQUIRE((*log)->append("on"));
    REQUIRE((*log)->head(0, "offer"));
    CHECK(check_log(device.directory).value().clean());
    if (done) break;
  }
}

TEST_CASE("shilu log checks what it shows") {
  Device device;
  {
    const auto log = device.open();
    REQUIRE(log->append("boot"));
    REQUIRE(log->head(0, "offer"));
    REQUIRE(log->append("start", {{"lesson_id", "x"}}));
  }
  auto report = check_log(device.directory).value();
  CHECK(report.clean());
  CHECK(report.entries.size() == 3);
  CHECK(report.signed_leaves == 3);
  CHECK(report.leaves == 4);
  CHECK(found(report, "unsigned-tail"));

  SECTION("an entry that was changed") {
    auto bytes = read_file(device.directory / "journal").value();
    const std::string text(as_text(bytes));
    const auto place = text.find("\"boot\"");
    REQUIRE(place != std::string::npos);
    // With a right CRC, as a forger would.
    const auto first = unframe(ByteView(bytes).subspan(kMagic.size())).value();
    const auto second = unframe(ByteView(bytes).subspan(kMagic.size() + first.size)).value();
    auto body = Bytes(second.body.begin(), second.body.end());
    const std::string changed(as_text(body));
    body[changed.find("\"boot\"") + 1] = 'r';
    const auto forged = frame(body);
    std::copy(forged.begin(), forged.end(),
              bytes.begin() + static_cast<std::ptrdiff_t>(kMagic.size() + first.size));
    REQUIRE(write_file_atomic(device.directory / "journal", bytes));
    report = check_log(device.directory).value();
    CHECK_FALSE(report.clean());
    CHECK(found(report, "checkpoint-root"));
  }
  SECTION("a head of another key") {
    const auto other = SigningKey::generate();
    const auto text = read_text_file(device.directory / "checkpoints").value();
    const auto heads = parse_checkpoints(text, HeadKind::kDeviceLog).value();
    const auto forged = sign_checkpoint(heads[0].checkpoint, other).value().line + "\n";
    REQUIRE(write_file_atomic(device.directory / "checkpoints", as_bytes(forged)));
    report = check_log(device.directory).value();
    CHECK(found(report, "checkpoint-signature"));
  }
  SECTION("a clock that was set back") {
    device.clock.set_wall(wall_from_rfc3339("2026-01-01T00:00:00Z").value());
    REQUIRE(device.open()->append("boot"));
    report = check_log(device.directory).value();
    CHECK_FALSE(report.clean());
    REQUIRE(found(report, "clock-set-back"));
    CHECK(report.findings[0].detail ==
          "entry 4 says 2026-01-01T00:00:00.000Z, the one before it said 2026-05-28T20:26:40.000Z: the clock "
          "was set back");
  }
  SECTION("a torn tail is no violation") {
    auto bytes = read_file(device.directory / "journal").value();
    bytes.resize(bytes.size() - 3);
    REQUIRE(write_file_atomic(device.directory / "journal", bytes));
    report = check_log(device.directory).value();
    CHECK(report.clean());
    CHECK(found(report, "tail-bytes"));
  }
}

TEST_CASE("a log that is damaged where it was signed is set aside, and another begins") {
  Device device;
  {
    const auto log = device.open();
    REQUIRE(log->append("boot"));
    REQUIRE(log->head(0, "offer"));
  }
  auto bytes = read_file(device.directory / "journal").value();
  bytes.resize(bytes.size() - 10);
  REQUIRE(write_file_atomic(device.directory / "journal", bytes));
  const auto log = device.open();
  CHECK(events_of(*log) == std::vector<std::string>{"key"});
  CHECK(std::filesystem::exists(device.home / "device-log.damaged-1" / "journal"));
}

TEST_CASE("a new seal key is named in the log, and both sign their part") {
  Device device;
  {
    const auto log = device.open();
    REQUIRE(log->head(0, "offer"));
  }
  REQUIRE(rotate_key(device.home / "keys", KeyRole::kSeal, {"", &device.clock}));
  device.key = test::certified(device.home / "keys", KeyRole::kSeal);
  {
    const auto log = device.open();
    CHECK(events_of(*log) == std::vector<std::string>{"key", "key"});
    REQUIRE(log->head(0, "offer"));
  }
  CHECK(check_log(device.directory).value().clean());
}

TEST_CASE("a lesson's journal and the device log take none of each other's records") {
  const LogEntry entry{"boot", boot_id(), 1, WallTime{}, true, "{}"};
  CHECK(decode(encode(entry)).error().kind == ErrorKind::kCorrupted);
  const Record record = EventRecord{{0}, StartEvent{"2026-05-28T12:26:40.000Z"}};
  CHECK(decode_entry(encode(record)).error().kind == ErrorKind::kCorrupted);
}
