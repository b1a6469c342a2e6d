// The recorder with its threads, over real sockets, with captures that live in this process.

#include "capture/recorder/recorder.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <fstream>
#include <functional>
#include <map>
#include <set>

#include "capture/journal/checker.h"
#include "capture/journal/lesson_folder.h"
#include "firmware/base/ids.h"
#include "firmware/base/log.h"
#include "tests/base/eventually.h"
#include "tests/base/fault_file_system.h"
#include "tests/base/test_keys.h"
#include "tests/recorder/fake_capture_fixture.h"
#include "tests/recorder/stored_counters_fixture.h"
#include "tests/recorder/units_fixture.h"

using namespace shilu;
using namespace shilu::recorder;
using namespace shilu::test;
using std::chrono::milliseconds;

namespace {

const std::vector<std::string> kClean;

struct Bench {
  TemporaryDirectory root;
  SystemClock clock;
  RecorderSettings settings;
  FileSystem* files = &posix_file_system();
  std::unique_ptr<Recorder> recorder;

  explicit Bench(std::vector<std::string> sources = {"room"}) {
    set_log_identity("test", static_cast<LogLevel>(0));
    settings.lessons_directory = root / "lessons";
    settings.runtime_directory = root / "run";
    settings.capture_program = root / "no-such-program";
    settings.reserve_bytes = 1'000'000;
    settings.tick = milliseconds(100);
    for (auto& name : sources) settings.sources.push_back({name, "rtsp", true, {}});
  }
  void open() {
    auto opened = Recorder::open(settings, test_key(), *files, clock, nullptr);
    REQUIRE(opened);
    recorder = std::move(*opened);
  }
  void await_picture() {
    REQUIRE(eventually([&] { return recorder->has_picture(); }));
  }
  bool await_durable(std::int64_t ms) {
    return eventually([&] {
      const auto status = recorder->status();
      return status.lesson && status.lesson->durable_ms >= ms;
    });
  }
  SourceStatus source(const std::string& name) const {
    for (const auto& one : recorder->status().sources) {
      if (one.name == name) return one;
    }
    return {};
  }
};

}  // namespace

TEST_CASE("a lesson is recorded from the press on, and the capture may forget what is durable") {
  Bench bench;
  FakeCapture room(bench.settings.runtime_directory, "room");
  bench.open();
  bench.await_picture();
  std::this_thread::sleep_for(milliseconds(300));  // a lead-in is there
  const auto started = bench.recorder->start({});
  REQUIRE(started);
  CHECK(started->directory == bench.settings.lessons_directory / started->id);
  REQUIRE(bench.await_durable(1000));
  CHECK(bench.recorder->status().lesson->recording_proven);
  MarkRequest request;
  request.id = new_uuid();
  request.pressed = bench.clock.monotonic();
  CHECK(bench.recorder->mark(request));
  const auto stopped = bench.recorder->stop(StopReason::kUser);
  REQUIRE(stopped);
  CHECK(stopped->id == started->id);

  CHECK(violations_in(started->directory) == kClean);
  const auto folder = journal::LessonFolder::open(started->directory);
  REQUIRE(folder);
  CHECK(folder->gaps().empty());  // not even at the start: the lead-in had the IDR
  CHECK(folder->marks().size() == 1);
  CHECK(folder->duration() == milliseconds(stopped->duration_ms));
  for (const auto* track : {"room.video", "room.audio"})
    CHECK(consecutive(stored_counters(started->directory, track)));
  CHECK(room.forgotten(MediaKind::kVideo) > 20);
  CHECK(room.forgotten(MediaKind::kAudio) > 20);
  CHECK(bench.recorder->status().state == "idle");
}

TEST_CASE("a camera whose sound alone is recorded is not proven, and its picture is declared missing") {
  const std::string code = GENERATE("no-key", "no-picture");
  Bench bench({"room", "lectern"});
  FakeCapture room(bench.settings.runtime_directory, "room");
  FakeCapture lectern(bench.settings.runtime_directory, "lectern");
  lectern.withhold_pictures(code);
  bench.open();
  bench.await_picture();
  REQUIRE(eventually([&] { return bench.source("lectern").picture_missing; }));
  const auto gaps_of_a_lesson = [&](const std::function<void()>& during) {
    const auto started = bench.recorder->start({});
    REQUIRE(started);
    REQUIRE(bench.await_durable(600));  // of what can be recorded
    CHECK_FALSE(bench.recorder->status().lesson->recording_proven);
    during();
    REQUIRE(bench.recorder->stop(StopReason::kUser));
    CHECK(violations_in(started->directory) == kClean);
    auto folder = journal::LessonFolder::open(started->directory);
    REQUIRE(folder);
    auto gaps = folder->gaps();
    // The other camera's next key picture may come after the press.
    std::erase_if(gaps, [](const auto& gap) { return gap.track == "room.video"; });
    return gaps;
  };

  const auto whole = gaps_of_a_lesson([] {});
  REQUIRE(whole.size() == 1);
  CHECK(whole.front().track == "lectern.video");
  CHECK(whole.front().to.ms() >= 600);
  CHECK(whole.front().reason == "source-lost");

  const auto beginning = gaps_of_a_lesson([&] {
    lectern.release_pictures();
    CHECK(eventually([&] { return bench.recorder->status().lesson->recording_proven; }));
  });
  REQUIRE(beginning.size() == 1);
  CHECK(beginning.front().track == "lectern.video");
}

TEST_CASE("a picture that comes after it was declared missing was away for no other reason") {
  Bench bench({"room", "lectern"});
  FakeCapture room(bench.settings.runtime_directory, "room");
  FakeCapture lectern(bench.settings.runtime_directory, "lectern");
  lectern.withhold_pictures("no-picture");
  bench.open();
  bench.await_picture();
  REQUIRE(eventually([&] { return bench.source("lectern").picture_missing; }));
  const auto started = bench.recorder->start({});
  REQUIRE(started);
  const auto gaps = [&] {
    auto found = journal::LessonFolder::open(started->directory)->gaps();
    std::erase_if(found, [](const auto& gap) { return gap.track != "lectern.video"; });
    return found;
  };
  REQUIRE(eventually([&] { return gaps().size() == 1; }, std::chrono::seconds(20)));  // after ten
  lectern.release_pictures();
  REQUIRE(eventually([&] { return bench.recorder->status().lesson->recording_proven; }));
  REQUIRE(bench.recorder->stop(StopReason::kUser));
  CHECK(violations_in(started->directory) == kClean);
  REQUIRE(gaps().size() == 2);
  for (const auto& gap : gaps()) CHECK(gap.reason == "source-lost");
}

TEST_CASE("a lesson may begin as soon as the one before it has ended") {
  Bench bench;
  FakeCapture room(bench.settings.runtime_directory, "room");
  bench.open();
  bench.await_picture();
  for (int lesson = 0; lesson < 3; ++lesson) {
    const auto started = bench.recorder->start({});
    REQUIRE(started);
    REQUIRE(bench.recorder->stop(StopReason::kUser));
    CHECK(violations_in(started->directory) == kClean);
  }
}

TEST_CASE("a recorder that ends in mid-lesson loses nothing: its successor goes on with the same lesson") {
  Bench bench;
  FakeCapture room(bench.settings.runtime_directory, "room");
  bench.open();
  bench.await_picture();
  const auto started = bench.recorder->start({});
  REQUIRE(started);
  REQUIRE(bench.await_durable(600));
  bench.recorder.reset();
  std::this_thread::sleep_for(milliseconds(400));
  bench.open();
  const auto status = bench.recorder->status();
  REQUIRE(status.lesson);
  CHECK(status.lesson->id == started->id);
  REQUIRE(bench.await_durable(1600));
  REQUIRE(bench.recorder->stop(StopReason::kUser));
  CHECK(violations_in(started->directory) == kClean);
  CHECK(journal::LessonFolder::open(started->directory)->gaps().empty());
  for (const auto* track : {"room.video", "room.audio"})
    CHECK(consecutive(stored_counters(started->directory, track)));
}

TEST_CASE("a capture that dies is a declared gap, and the others go on") {
  Bench bench({"room", "board"});
  auto room = std::make_unique<FakeCapture>(bench.settings.runtime_directory, "room", 1);
  FakeCapture board(bench.settings.runtime_directory, "board", 2);
  bench.open();
  REQUIRE(eventually([&] {
    const auto status = bench.recorder->status();
    return status.sources[0].state == "live" && status.sources[1].state == "live" &&
           bench.recorder->has_picture();
  }));
  const auto started = bench.recorder->start({});
  REQUIRE(started);
  REQUIRE(bench.await_durable(600));
  room.reset();
  REQUIRE(eventually([&] { return bench.source("room").state != "live"; }));
  std::this_thread::sleep_for(milliseconds(300));
  room = std::make_unique<FakeCapture>(bench.settings.runtime_directory, "room", 3);
  REQUIRE(eventually([&] { return bench.source("room").state == "live"; }));
  REQUIRE(eventually([&] { return bench.source("room").tracks.at(0).gaps == 1; }));
  REQUIRE(bench.recorder->stop(StopReason::kUser));

  CHECK(violations_in(started->directory) == kClean);
  const auto folder = journal::LessonFolder::open(started->directory);
  std::multiset<std::string> gaps;
  for (const auto& gap : folder->gaps()) {
    if (gap.reason == "source-lost") gaps.insert(gap.track);
  }
  CHECK(gaps == std::multiset<std::string>{"room.audio", "room.video"});
  CHECK(consecutive(stored_counters(started->directory, "board.video")));
  CHECK(folder->tracks().size() == 4);
  for (const auto& track : folder->tracks())
    CHECK(track.epochs.size() == 1);  // equal parameters: the same epoch
}

TEST_CASE("a connection that breaks is taken up again without loss") {
  Bench bench;
  FakeCapture room(bench.settings.runtime_directory, "room");
  bench.open();
  bench.await_picture();
  const auto started = bench.recorder->start({});
  REQUIRE(started);
  REQUIRE(bench.await_durable(400));
  room.hang_up();
  REQUIRE(eventually([&] { return room.connections() == 2; }));
  REQUIRE(bench.await_durable(1200));
  REQUIRE(bench.recorder->stop(StopReason::kUser));
  CHECK(violations_in(started->directory) == kClean);
  CHECK(journal::LessonFolder::open(started->directory)->gaps().empty());
  for (const auto* track : {"room.video", "room.audio"})
    CHECK(consecutive(stored_counters(started->directory, track)));
}

TEST_CASE("a source that ended says so in the gap at the end") {
  Bench bench;
  FakeCapture room(bench.settings.runtime_directory, "room");
  bench.open();
  bench.await_picture();
  const auto started = bench.recorder->start({});
  REQUIRE(bench.await_durable(400));
  room.lose("ended");
  REQUIRE(eventually([&] { return bench.source("room").state == "lost"; }));
  CHECK(bench.source("room").detail == "The camera is away.");
  std::this_thread::sleep_for(milliseconds(300));
  REQUIRE(bench.recorder->stop(StopReason::kUser));
  CHECK(violations_in(started->directory) == kClean);
  const auto gaps = journal::LessonFolder::open(started->directory)->gaps();
  REQUIRE(gaps.size() == 2);
  CHECK(gaps[0].reason == "source-ended");
}

TEST_CASE("what a recorder cannot do it says in a sentence") {
  Bench bench;
  SECTION("without a picture no lesson begins") {
    bench.open();
    REQUIRE(eventually([&] { return bench.source("room").code == "failed"; }));
    const auto refused = bench.recorder->start({});
    REQUIRE_FALSE(refused);
    CHECK(refused.error().kind == ErrorKind::kUnavailable);
    CHECK_THAT(refused.error().message, Catch::Matchers::Contains("no-such-program"));
    CHECK(bench.recorder->stop(StopReason::kUser).error().kind == ErrorKind::kFailedPrecondition);
    CHECK(bench.recorder->mark({new_uuid(), {}, {}, {}, {}}).error().kind == ErrorKind::kFailedPrecondition);
  }
  SECTION("with a camera") {
    FakeCapture room(bench.settings.runtime_directory, "room");
    SECTION("a disk without room") {
      bench.settings.reserve_bytes = 1'000'000'000'000'000;
      bench.open();
      bench.await_picture();
      CHECK(bench.recorder->start({}).error().kind == ErrorKind::kStorageFull);
    }
    SECTION("a folder that is not empty") {
      bench.open();
      bench.await_picture();
      StartRequest request;
      request.directory = bench.root / "full";
      std::filesystem::create_directories(request.directory);
      std::ofstream(request.directory / "homework.txt") << "x";
      CHECK(bench.recorder->start(request).error().kind == ErrorKind::kAlreadyExists);
    }
    SECTION("a second lesson beside the first") {
      bench.open();
      bench.await_picture();
      REQUIRE(bench.recorder->start({}));
      CHECK(bench.recorder->start({}).error().kind == ErrorKind::kFailedPrecondition);
    }
  }
}

TEST_CASE("a lesson of an earlier boot is closed as lost to power") {
  Bench bench;
  const auto folder = bench.settings.lessons_directory / "0196";
  {
    auto info = test_lesson(MonotonicTime{5 * kSecond}, {{"room", "rtsp", false}});
    info.boot_id = "00000000-0000-0000-0000-000000000000";
    auto writer = journal::JournalWriter::create(posix_file_system(), folder, info.lesson_id, info.to_json());
    REQUIRE(writer);
    writer->append(journal::EventRecord{LessonTime{0}, journal::StartEvent{to_rfc3339(info.start_wall)}});
    REQUIRE(writer->sync());
  }
  bench.open();
  CHECK_FALSE(bench.recorder->status().lesson);
  const auto closed = journal::LessonFolder::open(folder);
  REQUIRE(closed->finished());
  const auto& stop = std::get<journal::EventRecord>(closed->records().back().record);
  CHECK(std::get<journal::StopEvent>(stop.body).reason == "power-loss");
  CHECK(violations_in(folder) == kClean);
}

TEST_CASE("a lesson whose journal is damaged in its midst is left as it is, byte for byte") {
  Bench bench;
  FakeCapture room(bench.settings.runtime_directory, "room");
  bench.open();
  bench.await_picture();
  const auto started = bench.recorder->start({});
  REQUIRE(started);
  REQUIRE(bench.await_durable(1500));
  MarkRequest mark;  // signs what is there
  mark.id = new_uuid();
  mark.pressed = bench.clock.monotonic();
  REQUIRE(bench.recorder->mark(mark));
  REQUIRE(eventually([&] {
    const auto folder = journal::LessonFolder::open(started->directory);
    return !folder->checkpoints().empty() && folder->checkpoints().back().checkpoint.tree_size > 8;
  }));
  bench.recorder.reset();
  const auto journal = posix_file_system().open(started->directory / "journal", OpenMode::kReadWrite);
  const auto size = (*journal)->size();
  auto byte = (*journal)->read_at(*size / 4, 1);
  byte->front() ^= 1;
  REQUIRE((*journal)->write_at(*size / 4, *byte));
  const auto sizes = [&] {
    std::map<std::string, std::uintmax_t> found;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(started->directory)) {
      if (entry.is_regular_file()) found[entry.path()] = entry.file_size();
    }
    return found;
  };
  const auto before = sizes();
  bench.open();
  CHECK_FALSE(bench.recorder->status().lesson);
  CHECK(sizes() == before);
}

TEST_CASE("a lesson that was begun with another key is left as it is") {
  Bench bench;
  const auto folder = bench.settings.lessons_directory / "0196";
  TemporaryDirectory keys;
  auto info = test_lesson(MonotonicTime{5 * kSecond});
  info.recording_certificate =
      test::certified(keys.path(), KeyRole::kRecording).certificate.envelope.to_json();
  REQUIRE(journal::JournalWriter::create(posix_file_system(), folder, info.lesson_id, info.to_json()));
  bench.open();
  CHECK_FALSE(journal::LessonFolder::open(folder)->finished());
}

TEST_CASE("a disk that is full ends the lesson, and the status says why") {
  Bench bench;
  FaultFileSystem files;
  bench.files = &files;
  FakeCapture room(bench.settings.runtime_directory, "room");
  bench.open();
  bench.await_picture();
  const auto started = bench.recorder->start({});
  REQUIRE(started);
  REQUIRE(bench.await_durable(400));
  files.fill_up(".mp4");
  REQUIRE(eventually([&] { return !bench.recorder->status().lesson; }));
  CHECK(bench.recorder->status().state == "fault");
  CHECK_THAT(bench.recorder->status().fault, Catch::Matchers::Contains("The disk is full."));
  CHECK(violations_in(started->directory) == kClean);
  const auto folder = journal::LessonFolder::open(started->directory);
  REQUIRE(folder->finished());
}

TEST_CASE("a disk that hangs for a while is shown as lag, and nothing is lost") {
  Bench bench;
  FaultFileSystem files;
  bench.files = &files;
  FakeCapture room(bench.settings.runtime_directory, "room");
  bench.open();
  bench.await_picture();
  const auto started = bench.recorder->start({});
  REQUIRE(started);
  REQUIRE(bench.await_durable(400));
  files.fail_from(1);
  REQUIRE(eventually([&] { return bench.recorder->status().lesson->durable_lag_ms > 1500; }));
  CHECK(bench.recorder->status().state == "fault");
  files.clear_faults();
  REQUIRE(bench.await_durable(2000));
  REQUIRE(eventually([&] { return bench.recorder->status().state == "recording"; }));
  REQUIRE(bench.recorder->stop(StopReason::kUser));
  CHECK(violations_in(started->directory) == kClean);
  CHECK(journal::LessonFolder::open(started->directory)->gaps().empty());
  CHECK(consecutive(stored_counters(started->directory, "room.video")));
}

TEST_CASE("a lesson of a set length ends to the sample") {
  Bench bench;
  FakeCapture room(bench.settings.runtime_directory, "room");
  bench.open();
  bench.await_picture();
  StartRequest request;
  request.length = milliseconds(700);
  const auto started = bench.recorder->start(request);
  REQUIRE(started);
  std::this_thread::sleep_for(milliseconds(900));
  const auto stopped = bench.recorder->stop(StopReason::kTime, LessonTime::from_ms(700));
  REQUIRE(stopped);
  CHECK(stopped->duration_ms == 700);
  CHECK(violations_in(started->directory) == kClean);
  CHECK(journal::LessonFolder::open(started->directory)->gaps().empty());
}
