// Arming, private moments, stops taken back, deletions, the inbox: the recorder with its threads, over real
// sockets.

#include <catch2/catch.hpp>

#include <algorithm>
#include <atomic>

#include "capture/journal/lesson_folder.h"
#include "capture/recorder/mark_inbox.h"
#include "capture/recorder/recorder.h"
#include "firmware/base/ids.h"
#include "firmware/base/log.h"
#include "tests/base/eventually.h"
#include "tests/base/temporary_directory.h"
#include "tests/recorder/fake_capture_fixture.h"
#include "tests/recorder/stored_counters_fixture.h"
#include "tests/recorder/units_fixture.h"

using namespace shilu;
using namespace shilu::recorder;
using namespace shilu::test;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

const std::vector<std::string> kClean;

struct Bench {
  TemporaryDirectory root;
  SystemClock clock;
  RecorderSettings settings;
  std::unique_ptr<FakeCapture> room;
  std::unique_ptr<Recorder> recorder;

  Bench() {
    set_log_identity("test", static_cast<LogLevel>(0));
    settings.lessons_directory = root / "lessons";
    settings.runtime_directory = root / "run";
    settings.capture_program = root / "no-such-program";
    settings.reserve_bytes = 1'000'000;
    settings.tick = milliseconds(100);
    settings.sources.push_back({"room", "rtsp", true, {}});
    room = std::make_unique<FakeCapture>(settings.runtime_directory, "room");
  }
  void open() {
    auto opened = Recorder::open(settings, test_key(), posix_file_system(), clock, nullptr);
    REQUIRE(opened);
    recorder = std::move(*opened);
  }
  std::filesystem::path start() {
    REQUIRE(eventually([&] { return recorder->has_picture() && recorder->missing_sources().empty(); }));
    const auto started = recorder->start({});
    REQUIRE(started);
    return started->directory;
  }
  RecorderStatus status() const { return recorder->status(); }
  bool await_durable(std::int64_t ms) {
    return eventually([&] { return status().lesson && status().lesson->durable_ms >= ms; });
  }
  bool await_proven() {
    return eventually([&] { return status().lesson && status().lesson->recording_proven; });
  }
  std::int64_t elapsed() const { return status().lesson->elapsed_ms; }
  MarkRequest press() const {
    MarkRequest request;
    request.id = new_uuid();
    request.pressed = clock.monotonic();
    return request;
  }
};

std::vector<std::string> reasons(const std::filesystem::path& directory) {
  std::vector<std::string> reasons;
  for (const auto& gap : journal::LessonFolder::open(directory)->gaps()) reasons.push_back(gap.reason);
  return reasons;
}

}  // namespace

TEST_CASE("armed, a lesson has what was before the press; disarmed, it has not") {
  Bench bench;
  bench.open();
  REQUIRE(eventually([&] { return bench.recorder->has_picture(); }));
  CHECK_FALSE(bench.status().armed);
  bench.recorder->arm(seconds(60));
  CHECK(bench.status().armed);
  REQUIRE(eventually([&] { return bench.status().pre_roll_ms > 1200; }));
  SECTION("armed") {
    const auto directory = bench.start();
    CHECK_FALSE(bench.status().armed);
    REQUIRE(bench.await_durable(400));
    REQUIRE(bench.recorder->stop(StopReason::kUser));
    CHECK(violations_in(directory) == kClean);
    CHECK(journal::LessonFolder::open(directory)->recorded_from().ms() < -1000);
  }
  SECTION("disarmed again") {
    bench.recorder->disarm();
    CHECK_FALSE(bench.status().armed);
    const auto directory = bench.start();
    REQUIRE(bench.await_durable(400));
    REQUIRE(bench.recorder->stop(StopReason::kUser));
    CHECK(journal::LessonFolder::open(directory)->recorded_from().ms() > -400);  // an IDR every 200 ms
  }
  SECTION("the lease is over") {
    bench.recorder->disarm();
    bench.recorder->arm(milliseconds(1));
    CHECK(eventually([&] { return !bench.status().armed; }));
    // The capture may forget what was wiped here.
    const auto made = bench.room->made(MediaKind::kVideo);
    CHECK(eventually([&] { return bench.room->forgotten(MediaKind::kVideo) + 10 >= made; }));
  }
}

TEST_CASE("a start that is refused keeps nothing in memory") {
  Bench bench;
  bench.open();
  REQUIRE(eventually([&] { return bench.recorder->has_picture(); }));
  bench.recorder->arm(seconds(60));
  REQUIRE(eventually([&] { return bench.status().pre_roll_ms > 1200; }));
  StartRequest nowhere;
  nowhere.directory = "/proc/no/such/place";
  REQUIRE_FALSE(bench.recorder->start(nowhere));
  CHECK_FALSE(bench.status().armed);
  const auto made = bench.room->made(MediaKind::kVideo);
  CHECK(eventually([&] { return bench.room->forgotten(MediaKind::kVideo) + 10 >= made; }));
}

TEST_CASE("where pre-roll is switched off, nothing is armed") {
  Bench bench;
  bench.settings.pre_roll = Nanoseconds(0);
  bench.open();
  bench.recorder->arm(seconds(60));
  CHECK_FALSE(bench.status().armed);
}

TEST_CASE("in a private moment nothing is stored, nothing is said to be recorded, and the captures forget") {
  Bench bench;
  bench.open();
  const auto directory = bench.start();
  REQUIRE(bench.await_durable(600));
  REQUIRE(bench.recorder->begin_private());
  const auto since = bench.status().lesson->away_since_ms;
  REQUIRE(since);
  CHECK(bench.status().state == "private");
  CHECK_FALSE(bench.status().lesson->recording_proven);
  CHECK(bench.recorder->begin_private());  // twice is once
  const auto refused = bench.recorder->mark(bench.press());
  REQUIRE_FALSE(refused);
  CHECK(refused.error().kind == ErrorKind::kPermissionDenied);
  const auto made = bench.room->made(MediaKind::kVideo);
  REQUIRE(eventually([&] { return bench.room->forgotten(MediaKind::kVideo) > made + 5; }));
  const auto durable = bench.status().lesson->durable_ms;
  CHECK(durable <= *since + 100);
  REQUIRE(bench.recorder->go_on());
  const auto until = bench.elapsed();
  REQUIRE(bench.await_durable(until + 400));
  CHECK(bench.status().state == "recording");
  CHECK(bench.recorder->mark(bench.press()));
  REQUIRE(bench.recorder->stop(StopReason::kUser));
  CHECK(violations_in(directory) == kClean);
  CHECK(reasons(directory) == std::vector<std::string>{"private", "private"});
}

TEST_CASE("a private moment goes on in the recorder's successor") {
  Bench bench;
  bench.open();
  const auto directory = bench.start();
  REQUIRE(bench.await_durable(600));
  REQUIRE(bench.recorder->begin_private());
  bench.recorder.reset();
  bench.open();
  CHECK(bench.status().state == "private");
  REQUIRE(eventually([&] { return bench.recorder->has_picture(); }));
  const auto made = bench.room->made(MediaKind::kVideo);
  REQUIRE(eventually([&] { return bench.room->made(MediaKind::kVideo) > made + 10; }));
  REQUIRE(bench.recorder->go_on());
  REQUIRE(bench.await_durable(bench.elapsed() + 400));
  REQUIRE(bench.recorder->stop(StopReason::kUser));
  CHECK(violations_in(directory) == kClean);
  for (const auto& reason : reasons(directory)) CHECK(reason == "private");
}

TEST_CASE("a stop can be taken back, and else closes the lesson by itself") {
  Bench bench;
  bench.settings.continue_within = milliseconds(700);
  bench.open();
  const auto directory = bench.start();
  REQUIRE(bench.await_durable(600));
  const auto stopped = bench.recorder->stop_for_now();
  REQUIRE(stopped);
  CHECK(bench.status().state == "stopping");
  CHECK(bench.status().lesson->closes_in_ms);
  CHECK_FALSE(journal::LessonFolder::open(directory)->finished());
  SECTION("taken back") {
    REQUIRE(bench.recorder->go_on());
    CHECK(bench.status().state == "recording");
    REQUIRE(bench.await_durable(bench.elapsed() + 900));  // longer than it might have been taken back
    REQUIRE(bench.recorder->stop(StopReason::kUser));
    CHECK(violations_in(directory) == kClean);
    CHECK(reasons(directory) == std::vector<std::string>{"stopped", "stopped"});
  }
  SECTION("taken back, and the recorder ends before anything more is stored") {
    REQUIRE(bench.recorder->go_on());
    bench.recorder.reset();
    bench.open();
    CHECK(bench.status().state == "recording");
    REQUIRE(bench.await_durable(bench.elapsed() + 400));
    REQUIRE(bench.recorder->stop(StopReason::kUser));
    CHECK(violations_in(directory) == kClean);
    CHECK(reasons(directory) == std::vector<std::string>{"stopped", "stopped"});
  }
  SECTION("left alone") {
    REQUIRE(eventually([&] { return bench.status().state == "idle"; }));
    CHECK(violations_in(directory) == kClean);
    const auto folder = journal::LessonFolder::open(directory);
    CHECK(folder->finished());
    CHECK(folder->duration() == milliseconds(stopped->duration_ms));
    CHECK(folder->gaps().empty());
    CHECK(bench.recorder->go_on().error().kind == ErrorKind::kFailedPrecondition);
  }
  SECTION("closed by the next start") {
    const auto next = bench.recorder->start({});
    REQUIRE(next);
    CHECK(next->directory != directory);
    CHECK(journal::LessonFolder::open(directory)->finished());
    CHECK(violations_in(directory) == kClean);
  }
  SECTION("closed by a restart") {
    bench.recorder.reset();
    bench.open();
    CHECK(bench.status().state == "idle");
    const auto folder = journal::LessonFolder::open(directory);
    CHECK(folder->finished());
    CHECK(folder->duration() == milliseconds(stopped->duration_ms));
    const auto& stop = std::get<journal::EventRecord>(folder->records().back().record);
    CHECK(std::get<journal::StopEvent>(stop.body).reason == "user");
    CHECK(violations_in(directory) == kClean);
  }
}

TEST_CASE("the last seconds are deleted from a lesson that runs") {
  Bench bench;
  bench.open();
  const auto directory = bench.start();
  REQUIRE(bench.await_durable(2000));
  RedactRequest request;
  request.last = milliseconds(1200);
  const auto before = bench.elapsed();
  REQUIRE(bench.recorder->redact(request));
  REQUIRE(bench.await_durable(before + 1000));
  CHECK(bench.status().state == "recording");
  const auto stopped = bench.recorder->stop(StopReason::kUser);
  REQUIRE(stopped);
  CHECK(violations_in(directory) == kClean);
  const auto folder = journal::LessonFolder::open(directory);
  CHECK_FALSE(folder->redaction_pending());
  const auto holes = folder->holes();
  CHECK(std::count_if(holes.begin(), holes.end(), [&](const auto& hole) {
          return hole.reason == "redacted" && hole.from.ms() <= before - 1000 && hole.to.ms() >= before - 100;
        }) == 2);
  SECTION("and more of it when it is finished") {
    request.last.reset();
    request.lesson_id = stopped->id;
    request.range = {LessonTime::from_ms(0), LessonTime::from_ms(500)};
    request.subject = sha256("salt T001");
    REQUIRE(bench.recorder->redact(request));
    CHECK(violations_in(directory) == kClean);
    CHECK(bench.recorder->redact(request).error().kind == ErrorKind::kNotFound);
    request.lesson_id = new_uuid();
    CHECK(bench.recorder->redact(request).error().kind == ErrorKind::kNotFound);
  }
}

TEST_CASE("in a private moment the last seconds before it are deleted with what was still open then") {
  Bench bench;
  bench.open();
  const auto directory = bench.start();
  REQUIRE(bench.await_durable(2000));
  REQUIRE(bench.recorder->begin_private());
  const auto since = bench.status().lesson->away_since_ms;
  REQUIRE(since);
  RedactRequest request;
  request.range = {LessonTime::from_ms(*since - 1200), LessonTime::from_ms(*since)};
  REQUIRE(bench.recorder->redact(request));
  REQUIRE(bench.recorder->go_on());
  REQUIRE(bench.await_durable(bench.elapsed() + 400));
  REQUIRE(bench.recorder->stop(StopReason::kUser));
  CHECK(violations_in(directory) == kClean);
  const auto folder = journal::LessonFolder::open(directory);
  for (const auto& track : folder->tracks()) {
    for (const auto& epoch : track.epochs) {
      for (const auto position : epoch.fragments) {
        const auto& fragment = std::get<journal::FragmentRecord>(folder->records()[position].record);
        const auto begin = fragment.start_ticks * 1000 / static_cast<std::int64_t>(epoch.event.timescale);
        INFO(track.name << " " << begin << " of " << *since);
        if (begin > *since - 1100 && begin < *since) CHECK(folder->redacted(track.name, fragment.sequence));
        if (begin > *since) CHECK_FALSE(folder->redacted(track.name, fragment.sequence));
      }
    }
  }
}

TEST_CASE("a deletion that reaches into what is still to come stops nothing") {
  Bench bench;
  bench.open();
  const auto directory = bench.start();
  REQUIRE(bench.await_durable(1500));
  RedactRequest request;
  request.range = {LessonTime::from_ms(500), LessonTime::from_ms(3'600'000)};
  REQUIRE(bench.recorder->redact(request));
  bench.recorder.reset();
  bench.open();
  REQUIRE(bench.status().lesson);
  const auto then = bench.elapsed();
  CHECK(bench.await_durable(then + 500));
  REQUIRE(bench.recorder->stop(StopReason::kUser));
  CHECK(violations_in(directory) == kClean);
}

TEST_CASE("marks of the inbox are taken in once, whenever they come") {
  Bench bench;
  bench.open();
  const auto directory = bench.start();
  REQUIRE(bench.await_durable(600));
  const auto early = bench.press();
  bench.recorder.reset();
  REQUIRE(put_into_inbox(directory, early, bench.clock));
  bench.open();
  CHECK_FALSE(std::filesystem::exists(directory / "inbox" / (early.id + ".json")));
  CHECK(bench.status().lesson->marks == 1);
  const auto late = bench.press();
  REQUIRE(put_into_inbox(directory, late, bench.clock));
  REQUIRE(put_into_inbox(directory, early, bench.clock));  // as if its file had outlived the journal's sync
  REQUIRE(bench.recorder->stop(StopReason::kUser));
  const auto marks = journal::LessonFolder::open(directory)->marks();
  REQUIRE(marks.size() == 2);
  CHECK(marks[0].id == early.id);
  CHECK(marks[1].id == late.id);
  CHECK(violations_in(directory) == kClean);
}

TEST_CASE("five minutes more are stored, and no end of time stops a lesson") {
  Bench bench;
  bench.open();
  REQUIRE(eventually([&] { return bench.recorder->has_picture(); }));
  StartRequest request;
  request.planned_ms = 200;
  const auto started = bench.recorder->start(request);
  REQUIRE(started);
  REQUIRE(bench.await_durable(600));
  CHECK(bench.status().lesson->planned_ms == 200);
  const auto before = bench.elapsed();
  const auto planned = bench.recorder->extend(std::chrono::minutes(5));
  REQUIRE(planned);
  CHECK(*planned >= 300'000 + before);  // of a lesson that is over its time: from now on
  CHECK(*planned < 300'000 + before + 5'000);
  bench.recorder.reset();
  bench.open();
  CHECK(bench.status().lesson->planned_ms == *planned);
  REQUIRE(bench.recorder->stop(StopReason::kUser));
  CHECK(violations_in(started->directory) == kClean);
}

TEST_CASE("a sleep of the machine is a declared gap, and lesson time has gone on") {
  std::atomic<std::int64_t> slept_ns = 0;
  Bench bench;
  bench.settings.slept = [&] { return Nanoseconds(slept_ns); };
  bench.open();
  const auto directory = bench.start();
  REQUIRE(bench.await_durable(800));
  slept_ns = 600 * kSecond;
  REQUIRE(bench.await_durable(600'000));
  REQUIRE(bench.await_durable(bench.elapsed() + 400));
  REQUIRE(bench.recorder->stop(StopReason::kUser));
  CHECK(violations_in(directory) == kClean);
  CHECK(reasons(directory) == std::vector<std::string>{"suspended", "suspended"});
  CHECK(journal::LessonFolder::open(directory)->duration() > seconds(600));
}

TEST_CASE("a disk that takes nothing is told within five seconds, also when it only hangs") {
  struct Frozen final : FileSystem {
    // Everything goes to the real one; syncs wait while frozen, as on a frozen file system.
    struct FrozenFile final : File {
      std::unique_ptr<File> inner;
      std::atomic<bool>& frozen;
      FrozenFile(std::unique_ptr<File> file, std::atomic<bool>& is) : inner(std::move(file)), frozen(is) {}
      Status write_at(std::uint64_t offset, ByteView bytes) override {
        return inner->write_at(offset, bytes);
      }
      Result<Bytes> read_at(std::uint64_t offset, std::size_t size) override {
        return inner->read_at(offset, size);
      }
      Result<std::uint64_t> size() override { return inner->size(); }
      Status truncate(std::uint64_t size) override { return inner->truncate(size); }
      Status reserve(std::uint64_t offset, std::uint64_t size) override {
        return inner->reserve(offset, size);
      }
      Status sync_data() override {
        eventually([this] { return !frozen.load(); }, seconds(60));
        return inner->sync_data();
      }
    };
    FileSystem& real = posix_file_system();
    std::atomic<bool> frozen = false;
    Result<std::unique_ptr<File>> open(const std::filesystem::path& path, OpenMode mode) override {
      SHILU_TRY(auto file, real.open(path, mode));
      return std::make_unique<FrozenFile>(std::move(file), frozen);
    }
    Status create_directories(const std::filesystem::path& path) override {
      return real.create_directories(path);
    }
    Status sync_directory(const std::filesystem::path& path) override { return real.sync_directory(path); }
    Status rename(const std::filesystem::path& from, const std::filesystem::path& to) override {
      return real.rename(from, to);
    }
    Status remove(const std::filesystem::path& path) override { return real.remove(path); }
    Result<std::vector<std::string>> list(const std::filesystem::path& path) override {
      return real.list(path);
    }
    bool exists(const std::filesystem::path& path) override { return real.exists(path); }
    Result<std::uint64_t> free_bytes(const std::filesystem::path& path) override {
      return real.free_bytes(path);
    }
  } frozen;
  Bench bench;
  auto opened = Recorder::open(bench.settings, test_key(), frozen, bench.clock, nullptr);
  REQUIRE(opened);
  bench.recorder = std::move(*opened);
  const auto directory = bench.start();
  REQUIRE(bench.await_durable(600));
  frozen.frozen = true;
  const auto begun = bench.clock.monotonic();
  REQUIRE(eventually([&] { return bench.status().state == "fault"; }, seconds(20)));
  CHECK(bench.status().fault_code == "not-durable");
  CHECK(bench.clock.monotonic() - begun > seconds(3));  // not at the first hiccup
  frozen.frozen = false;
  REQUIRE(eventually([&] { return bench.status().state == "recording"; }));
  REQUIRE(bench.recorder->stop(StopReason::kUser));
  CHECK(violations_in(directory) == kClean);
  CHECK(reasons(directory).empty());
  CHECK(consecutive(stored_counters(directory, "room.video")));
}
