// A sound lesson is clean; each kind of damage is called by its name and by nothing else.

#include "capture/journal/checker.h"

#include <fmt/format.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <fstream>
#include <functional>
#include <set>

#include "capture/journal/journal_writer.h"
#include "capture/journal/lesson_folder.h"
#include "firmware/base/json_io.h"
#include "tests/base/temporary_directory.h"
#include "tests/base/test_keys.h"
#include "tests/journal/lesson_fixture.h"

namespace shilu::journal {
namespace {

using namespace test;

LessonRecipe recipe_with_everything() {
  Mark mark;
  mark.id = "00000000-0000-4000-8000-000000000001";
  mark.at = LessonTime::from_ms(3'000);
  LessonRecipe recipe;
  recipe.sources = {{.holes = {{4'500, 5'500}}, .new_epochs_ms = {8'000}},
                    {.name = "board", .sound = false, .starts_ms = 1'500}};
  recipe.marks = {mark};
  return recipe;
}

// A copy of one lesson, to be spoilt.
class Patient {
 public:
  Patient() {
    static const TemporaryDirectory directory;
    static const auto sound = write_lesson(directory / "lesson", recipe_with_everything());
    keys_ = sound.keys;
    std::filesystem::copy(sound.directory, where(), std::filesystem::copy_options::recursive);
  }

  std::filesystem::path where() const { return directory_ / "lesson"; }
  std::filesystem::path file(std::string_view name) const { return where() / name; }

  CheckReport report() const {
    auto report = check_lesson(where());
    if (!report) FAIL(report.error().message);
    return std::move(*report);
  }

  Bytes read(std::string_view name) const { return read_file(file(name), 1u << 30).value(); }
  void write(std::string_view name, ByteView bytes) const { REQUIRE(write_file_atomic(file(name), bytes)); }
  void append(std::string_view name, std::string_view text) const {
    auto bytes = read(name);
    put_bytes(bytes, as_bytes(text));
    write(name, bytes);
  }
  void flip(std::string_view name, std::size_t at) const {
    auto bytes = read(name);
    bytes.at(at) = static_cast<std::uint8_t>(bytes.at(at) ^ 1);
    write(name, bytes);
  }

  // Writes journal and checkpoints anew with other records: everything is signed again, as a lying recorder
  // would.
  void rewrite(const std::function<void(std::vector<Record>&)>& change) const {
    const auto lesson = LessonFolder::open(where()).value();
    std::vector<Record> records;
    for (const auto& stored : lesson.records()) records.push_back(stored.record);
    change(records);
    std::filesystem::remove(file("journal"));
    std::filesystem::remove(file("checkpoints"));
    auto journal = JournalWriter::reopen(posix_file_system(), where()).value();
    for (const auto& record : records) journal.append(record);
    REQUIRE(journal.sync());
    const auto certified = test::certified(keys_, KeyRole::kRecording);
    REQUIRE(journal.checkpoint(certified.key, LessonTime{0}, ManualClock(), "stop"));
  }
  void change_info(const std::function<void(Json&)>& change) const {
    auto json = parse_json(as_text(read("lesson.json"))).value();
    change(json);
    write("lesson.json", as_bytes(canonical_json(json)));
    rewrite([](auto&) {});
  }

 private:
  TemporaryDirectory directory_;
  std::filesystem::path keys_;
};

// Codes with "!" for a violation.
std::set<std::string> codes(const CheckReport& report) {
  std::set<std::string> found;
  for (const auto& finding : report.findings) {
    CHECK_FALSE(finding.detail.empty());
    found.insert((finding.violation ? "!" : "") + finding.code);
  }
  return found;
}

using Codes = std::set<std::string>;

template <typename Event>
bool holds(const Record& record) {
  const auto* event = std::get_if<EventRecord>(&record);
  return event != nullptr && std::holds_alternative<Event>(event->body);
}
FragmentRecord* fragment_of(std::vector<Record>& records, std::uint16_t track, std::uint32_t sequence) {
  for (auto& record : records) {
    auto* fragment = std::get_if<FragmentRecord>(&record);
    if (fragment != nullptr && fragment->track == track && fragment->sequence == sequence) return fragment;
  }
  throw std::runtime_error("no such fragment");
}

TEST_CASE("a sound lesson is clean and counted") {
  const Patient lesson;
  const auto report = lesson.report();
  CHECK(codes(report).empty());
  CHECK(report.clean());
  CHECK(report.gaps == 3);  // picture and sound of the hole, the board's late start
  CHECK(report.marks == 1);
  CHECK(report.leaves == report.records + 1);
  CHECK(report.signed_leaves == report.leaves);
  CHECK(report.duration_s == Approx(12));
  const auto json = report.to_json();
  CHECK(json["clean"] == true);
  CHECK(json["findings"].empty());
  CHECK(json["bytes"] == report.bytes);
}

TEST_CASE("every lesson of the fixture is clean") {
  const TemporaryDirectory directory;
  const std::vector<SourceRecipe> rooms{{.starts_ms = -3'000},
                                        {.starts_ms = 700},
                                        {.holes = {{0, 1'000}, {3'000, 3'500}}},
                                        {.holes = {{5'000, 9'000}}},
                                        {.sound = false}};
  int number = 0;
  for (const auto& room : rooms) {
    const auto lesson =
        write_lesson(directory / std::to_string(number++), {.sources = {room}, .duration_ms = 7'000});
    const auto report = check_lesson(lesson.directory).value();
    INFO(report.to_json().dump(1));
    CHECK(report.clean());
  }
}

TEST_CASE("what is no lesson at all is an error") {
  const TemporaryDirectory directory;
  const auto report = check_lesson(directory.path());
  REQUIRE_FALSE(report);
  CHECK(report.error().kind == ErrorKind::kNotFound);
}

TEST_CASE("a spoilt lesson.json is named") {
  const Patient lesson;
  lesson.write("lesson.json", as_bytes("{}"));
  CHECK(codes(lesson.report()) == Codes{"!lesson-json"});
}

TEST_CASE("a lesson.json with another word in it breaks the signed root") {
  const Patient lesson;
  auto text = std::string(as_text(lesson.read("lesson.json")));
  text.replace(text.find("\"software\":\"shilu"), 17, "\"software\":\"Shilu");
  lesson.write("lesson.json", as_bytes(text));
  CHECK(codes(lesson.report()) == Codes{"!checkpoint-root", "unsigned-tail"});
}

TEST_CASE("a certificate that certifies nothing is named") {
  const Patient forged;
  forged.change_info([](Json& json) { json["recording_certificate"]["payload"] = "e30="; });
  CHECK(codes(forged.report()) == Codes{"!certificate", "unsigned-tail"});
  const Patient wrong_role;
  const TemporaryDirectory keys;
  const auto seal = test::certified(keys.path(), KeyRole::kSeal).certificate.envelope.to_json();
  wrong_role.change_info([&](Json& json) { json["recording_certificate"] = parse_json(seal).value(); });
  CHECK(codes(wrong_role.report()) == Codes{"!certificate", "unsigned-tail"});
}

TEST_CASE("a flipped bit in media is a fragment that is not what was recorded") {
  const Patient lesson;
  const auto size = lesson.read("room.video/e000.mp4").size();
  for (const std::size_t at : {size - 1, size / 2, size / 3}) {
    lesson.flip("room.video/e000.mp4", at);
    const auto report = lesson.report();
    CHECK(codes(report) == Codes{"!fragment-hash"});
    CHECK(report.findings.size() == 1);
    CHECK(report.findings[0].detail.find("room.video/e000.mp4") != std::string::npos);
    lesson.flip("room.video/e000.mp4", at);
  }
}

TEST_CASE("a flipped bit in a moof is a fragment that is not what was recorded") {
  const Patient lesson;
  const auto opened = LessonFolder::open(lesson.where()).value();
  const auto header = opened.tracks()[0].epochs[0].event.header_size;
  for (std::size_t at = header; at < header + 120; ++at) {
    lesson.flip("room.video/e000.mp4", at);
    REQUIRE(codes(lesson.report()) == Codes{"!fragment-hash"});
    lesson.flip("room.video/e000.mp4", at);
  }
}

TEST_CASE("a flipped bit in a header is a header that is not the journal's") {
  const Patient lesson;
  for (const std::size_t at : {4u, 100u, 300u}) {
    lesson.flip("room.audio/e000.mp4", at);
    CHECK(codes(lesson.report()) == Codes{"!header-hash"});
    lesson.flip("room.audio/e000.mp4", at);
  }
}

TEST_CASE("media that is not there is named") {
  const Patient cut;
  std::filesystem::resize_file(cut.file("board.video/e000.mp4"), cut.read("board.video/e000.mp4").size() - 1);
  CHECK(codes(cut.report()) == Codes{"!fragment-missing"});
  const Patient gone;
  std::filesystem::remove(gone.file("board.video/e000.mp4"));
  CHECK(codes(gone.report()) == Codes{"!fragment-missing"});
  std::filesystem::remove_all(gone.file("board.video"));
  CHECK(codes(gone.report()) == Codes{"!fragment-missing"});
}

TEST_CASE("bytes behind the end are notes") {
  const Patient lesson;
  lesson.append("room.video/e001.mp4", std::string(1'000, '\0'));
  CHECK(codes(lesson.report()) == Codes{"tail-bytes"});
  lesson.append("journal", std::string(100, '\0'));
  lesson.append("checkpoints", "{\"payl");
  const auto report = lesson.report();
  CHECK(codes(report) == Codes{"tail-bytes"});
  CHECK(report.findings.size() == 3);
  CHECK(report.clean());
}

TEST_CASE("a file that the journal does not know is a note") {
  const Patient lesson;
  lesson.write("room.video/e007.mp4", as_bytes("x"));
  CHECK(codes(lesson.report()) == Codes{"stray-file"});
}

TEST_CASE("a flipped bit in a signed record is damage, not a torn tail") {
  const Patient lesson;
  const auto opened = LessonFolder::open(lesson.where()).value();
  std::size_t at = 8;
  for (std::size_t i = 0; i < 10; ++i) at += opened.records()[i].bytes.size();
  lesson.flip("journal", at + 20);
  const auto found = codes(lesson.report());
  CHECK(found.contains("!journal"));
  CHECK(found.contains("!checkpoint-root"));
}

TEST_CASE("a foreign journal is named") {
  const Patient lesson;
  lesson.write("journal", as_bytes("SQLite format 3"));
  CHECK(codes(lesson.report()).contains("!journal"));
  std::filesystem::remove(lesson.file("journal"));
  CHECK(codes(lesson.report()).contains("!journal"));
}

TEST_CASE("records cut from a signed journal break the root") {
  const Patient lesson;
  const auto last = LessonFolder::open(lesson.where()).value().records().back().bytes.size();
  std::filesystem::resize_file(lesson.file("journal"), lesson.read("journal").size() - last);
  CHECK(codes(lesson.report()) == Codes{"!checkpoint-root", "not-finished", "unsigned-tail"});
}

TEST_CASE("a loss that nobody declared is named, and where it is") {
  const Patient lesson;
  lesson.rewrite([](auto& records) { std::erase_if(records, holds<GapEvent>); });
  const auto report = lesson.report();
  CHECK(codes(report) == Codes{"!gap-undeclared"});
  CHECK(report.findings.size() == 3);
  const auto names = [&](std::string_view what) {
    return std::any_of(report.findings.begin(), report.findings.end(),
                       [&](const auto& finding) { return finding.detail.find(what) != std::string::npos; });
  };
  // Groups of pictures that touch 4.5 to 5.5 s: those of 3.92 to 5.92 s by decode time.
  CHECK(names("room.video: nothing is said of 3.920 s to 5.920 s"));
  CHECK(names("board.video: nothing is said of 0.000 s to 1.420 s"));
}

TEST_CASE("a gap declared too short is named") {
  const Patient lesson;
  lesson.rewrite([](auto& records) {
    for (auto& record : records) {
      if (holds<GapEvent>(record))
        std::get<GapEvent>(std::get<EventRecord>(record).body).from.ns += 50'000'000;
    }
  });
  CHECK(codes(lesson.report()) == Codes{"!gap-undeclared"});
}

TEST_CASE("a lesson said to be longer than its tracks is named") {
  const Patient lesson;
  lesson.rewrite([](auto& records) {
    std::get<StopEvent>(std::get<EventRecord>(records.back()).body).duration_ms = 20'000;
  });
  CHECK(codes(lesson.report()) == Codes{"!gap-undeclared"});
}

TEST_CASE("time that is there twice is named") {
  const Patient lesson;
  lesson.rewrite([](auto& records) {
    const GapEvent gap{"room.audio", LessonTime::from_ms(1'000), LessonTime::from_ms(1'100), "source-lost"};
    records.insert(records.end() - 1, EventRecord{LessonTime{0}, gap});
  });
  CHECK(codes(lesson.report()) == Codes{"!overlap"});
}

TEST_CASE("a seam within one sample is none") {
  const Patient lesson;
  lesson.rewrite([](auto& records) {
    for (auto& record : records) {
      if (holds<GapEvent>(record))
        std::get<GapEvent>(std::get<EventRecord>(record).body).from.ns += 20'000'000;
    }
  });
  CHECK(codes(lesson.report()).empty());
}

TEST_CASE("records that contradict one another are named") {
  const auto spoil = [](const std::function<void(std::vector<Record>&)>& change) {
    const Patient lesson;
    lesson.rewrite(change);
    const auto found = codes(lesson.report());
    CHECK(found.contains("!record-order"));
  };
  spoil([](auto& records) { fragment_of(records, 0, 2)->sequence = 3; });
  spoil([](auto& records) { fragment_of(records, 0, 2)->offset += 1; });
  spoil([](auto& records) { fragment_of(records, 0, 2)->track = 9; });
  spoil([](auto& records) { fragment_of(records, 0, 2)->epoch = 1; });
  spoil([](auto& records) { std::swap(*fragment_of(records, 0, 1), *fragment_of(records, 0, 2)); });
  spoil([](auto& records) { std::swap(records.back(), records[records.size() - 2]); });
  spoil([](auto& records) { records.push_back(records.back()); });
  spoil([](auto& records) { std::erase_if(records, holds<EpochEvent>); });
  spoil([](auto& records) {
    for (auto& record : records) {
      if (holds<EpochEvent>(record)) std::get<EpochEvent>(std::get<EventRecord>(record).body).track = 0;
    }
  });
  spoil([](auto& records) {
    for (auto& record : records) {
      if (holds<EpochEvent>(record)) std::get<EpochEvent>(std::get<EventRecord>(record).body).epoch = 0;
    }
  });
}

TEST_CASE("a record that says another thing than its fragment is named") {
  const auto spoil = [](const std::function<void(FragmentRecord&)>& change) {
    const Patient lesson;
    lesson.rewrite([&](auto& records) { change(*fragment_of(records, 0, 1)); });
    CHECK(codes(lesson.report()) == Codes{"!fragment-hash"});
  };
  spoil([](auto& fragment) { fragment.samples += 1; });
  spoil([](auto& fragment) { fragment.start_ticks += 1; });
  spoil([](auto& fragment) { fragment.duration_ticks -= 1; });
  spoil([](auto& fragment) { fragment.flags = 0; });
  spoil([](auto& fragment) {
    fragment.fragment_sha256[0] = static_cast<std::uint8_t>(fragment.fragment_sha256[0] ^ 1);
  });
  spoil([](auto& fragment) {
    fragment.payload_sha256[0] = static_cast<std::uint8_t>(fragment.payload_sha256[0] ^ 1);
  });
}

TEST_CASE("a required source that gave nothing is named") {
  const TemporaryDirectory directory;
  const auto nothing_of_board = [&](std::string_view name, std::int64_t duration_ms, bool required) {
    LessonRecipe recipe;
    recipe.duration_ms = duration_ms;
    recipe.sources.push_back({.name = "board", .sound = false, .required = required, .holes = {{0, 60'000}}});
    return codes(check_lesson(write_lesson(directory / name, recipe).directory).value());
  };
  CHECK(nothing_of_board("long", 7'000, true) == Codes{"!all-gap"});
  CHECK(nothing_of_board("optional", 7'000, false).empty());
  CHECK(nothing_of_board("short", 3'000, true).empty());
}

TEST_CASE("a lesson that still runs is clean, with notes") {
  const TemporaryDirectory directory;
  const auto lesson = write_lesson(directory / "lesson", {.duration_ms = 6'000, .stop = false});
  CHECK(codes(check_lesson(lesson.directory).value()) == Codes{"not-finished", "unsigned-tail"});
}

TEST_CASE("a checkpoint signed by another key is named") {
  const Patient lesson;
  const auto lines = parse_checkpoints(as_text(lesson.read("checkpoints"))).value();
  std::string text;
  const auto other = SigningKey::generate();
  Digest previous{};
  for (auto line : lines) {
    line.checkpoint.previous = previous;
    const auto forged = sign_checkpoint(line.checkpoint, other).value().line;
    text += forged + "\n";
    previous = sha256(forged);
  }
  lesson.write("checkpoints", as_bytes(text));
  CHECK(codes(lesson.report()) == Codes{"!checkpoint-signature", "unsigned-tail"});
}

TEST_CASE("a checkpoint taken out breaks the chain") {
  const Patient lesson;
  const auto text = std::string(as_text(lesson.read("checkpoints")));
  lesson.write("checkpoints", as_bytes(text.substr(text.find('\n') + 1)));
  const auto found = codes(lesson.report());
  CHECK(found == Codes{"!checkpoint-chain", "unsigned-tail"});
}

TEST_CASE("a checkpoints file with a foreign line breaks the chain") {
  const Patient lesson;
  const auto text = std::string(as_text(lesson.read("checkpoints")));
  lesson.write("checkpoints", as_bytes("{}\n" + text));
  CHECK(codes(lesson.report()) == Codes{"!checkpoint-chain", "unsigned-tail"});
}

TEST_CASE("every flipped bit of a checkpoint is noticed") {
  const Patient lesson;
  const auto size = lesson.read("checkpoints").size();
  for (std::size_t at = 0; at < size; at += 13) {
    lesson.flip("checkpoints", at);
    const auto found = codes(lesson.report());
    INFO("byte " << at);
    // A changed line, or one that does not end: its leaves are not signed any more.
    REQUIRE((found.contains("unsigned-tail") || found.contains("!checkpoint-chain")));
    lesson.flip("checkpoints", at);
  }
}

}  // namespace
}  // namespace shilu::journal
