// Too little room: what is given up, in which order, and that it is said.

#include <catch2/catch.hpp>

#include "capture/bmff/fragment_writer.h"
#include "capture/journal/lesson_folder.h"
#include "capture/recorder/live_lesson.h"
#include "tests/base/fault_file_system.h"
#include "tests/recorder/stored_counters_fixture.h"
#include "tests/recorder/units_fixture.h"

using namespace shilu;
using namespace shilu::recorder;
using namespace shilu::test;

namespace {

struct Deaf final : DurableListener {
  void epoch_durable(const journal::EpochEvent&) override {}
  void fragment_durable(const std::string&, const journal::FragmentRecord&) override {}
  void units_durable(const std::string&, UnitName) override {}
};

// Screen, camera and sound of one lesson, a second of each at a time.
struct Bench {
  FaultFileSystem files;
  ManualClock clock;
  CertifiedKey key = test_key();
  TemporaryDirectory root;
  Deaf deaf;
  WriterLimits limits;
  std::unique_ptr<LiveLesson> lesson;
  std::shared_ptr<TrackFormat> picture = format(video_parameters());
  std::shared_ptr<TrackFormat> sound = format(audio_parameters());
  std::size_t screen = 0, camera = 0, microphone = 0;
  std::int64_t second = 0;
  std::optional<GapReason> lost[3];

  static std::shared_ptr<TrackFormat> format(const link::TrackParameters& parameters) {
    auto format = std::make_shared<TrackFormat>();
    format->parameters = parameters.parameters;
    format->nominal_ticks = parameters.nominal_ticks;
    format->header = *bmff::track_header(parameters.parameters);
    return format;
  }

  void begin() {
    auto info = test_lesson(clock.monotonic(), {{"room", "rtsp", false}, {"board", "screen", false}});
    auto begun = LiveLesson::begin({files, clock, key, limits, deaf}, info, root / "lesson", std::nullopt);
    REQUIRE(begun);
    lesson = std::move(*begun);
    screen = add("board.video", MediaKind::kVideo, 3);
    camera = add("room.video", MediaKind::kVideo, 6);
    microphone = add("room.audio", MediaKind::kAudio, 106);
  }
  std::size_t add(const std::string& name, MediaKind kind, int value) {
    TrackState state;
    state.name = name;
    state.kind = kind;
    state.value = value;
    return lesson->writer().add_track(std::move(state));
  }
  Fragment made(const std::shared_ptr<TrackFormat>& of, std::uint32_t duration, std::size_t size) const {
    Fragment fragment;
    fragment.format = of;
    const auto scale = static_cast<std::int64_t>(of->parameters.timescale);
    const auto samples = scale / duration;
    for (std::int64_t i = 0; i < samples; ++i) {
      auto unit = video_unit(static_cast<std::uint64_t>(second * samples + i + 1), {}, i == 0, size);
      fragment.samples.push_back({std::move(unit.data), second * scale + i * duration, duration, 0,
                                  i == 0 || of->nominal_ticks == 1024});
    }
    return fragment;
  }
  // As the builder of a track does: what was lost is the reason for the gap before the next.
  static Fragment behind(std::optional<GapReason> lost, Fragment fragment) {
    fragment.reason_of_gap = lost.value_or(GapReason::kSourceLost);
    return fragment;
  }
  void offer_second() {
    clock.advance(std::chrono::seconds(1));
    auto& writer = lesson->writer();
    lost[0] = writer.offer(screen, behind(lost[0], made(picture, 3600, 4000)), clock.monotonic());  // 100 kB
    lost[1] = writer.offer(camera, behind(lost[1], made(picture, 3600, 4000)), clock.monotonic());
    lost[2] = writer.offer(microphone, behind(lost[2], made(sound, 1000, 100)), clock.monotonic());
    ++second;
  }
  // A second of everything is offered; the disk gets it or not.
  void run(int seconds) {
    for (; seconds > 0; --seconds) {
      offer_second();
      static_cast<void>(lesson->writer().write_waiting([] { return true; }));
      static_cast<void>(lesson->tick());
    }
  }
  // Each write of a picture takes so long, in which the sources go on until `until`, and the ticks.
  void slow_down_pictures(int seconds, std::int64_t until) {
    files.before_writes([=, this](const std::string& path) {
      if (path.find(".video") == std::string::npos) return;
      for (int i = 0; i < seconds; ++i) {
        if (second >= until) {
          clock.advance(std::chrono::seconds(1));
          continue;
        }
        offer_second();
        static_cast<void>(lesson->tick());
      }
    });
  }
  void finish() {
    const LessonTime end{second * kSecond};
    REQUIRE(lesson->finish(end, "user", [](const auto&) { return GapReason::kDiskFull; }));
  }
  TrackReport track(std::size_t index) const { return lesson->writer().tracks()[index]; }
  std::int64_t missing_ms(const std::string& name) const {
    std::int64_t missing = 0;
    for (const auto& gap : journal::LessonFolder::open(root / "lesson")->gaps()) {
      if (gap.track == name) missing += (gap.to - gap.from) / std::chrono::milliseconds(1);
    }
    return missing;
  }
};

}  // namespace

TEST_CASE("a disk slower than the sources costs the screen first, then the camera, and the sound last") {
  Bench bench;
  bench.limits.held_in_all = 1'000'000;
  bench.begin();
  bench.run(2);
  bench.files.fail_from(1);
  bench.run(8);  // 1.6 MB of pictures: the screen makes room for the camera
  CHECK(bench.track(bench.screen).state.counters.dropped > 0);
  CHECK(bench.track(bench.screen).dropped_at.ns > 0);
  CHECK(bench.track(bench.camera).state.counters.dropped == 0);
  bench.run(6);  // 1.4 MB of the camera alone
  CHECK(bench.track(bench.camera).state.counters.dropped > 0);
  CHECK(bench.track(bench.microphone).state.counters.dropped == 0);
  bench.files.clear_faults();
  bench.run(3);
  bench.finish();
  CHECK(violations_in(bench.root / "lesson").empty());
  CHECK(bench.missing_ms("room.audio") == 0);
  CHECK(bench.missing_ms("room.video") < bench.missing_ms("board.video"));
  for (const auto& gap : journal::LessonFolder::open(bench.root / "lesson")->gaps())
    CHECK(gap.reason == "queue-overflow");
}

TEST_CASE("pictures that the disk takes more slowly than they come cost the screen, and never the sound") {
  Bench bench;
  bench.begin();
  bench.run(2);
  bench.slow_down_pictures(4, 200);
  const auto& writer = bench.lesson->writer();
  bool sound_late = false;
  bench.offer_second();
  static_cast<void>(bench.lesson->writer().write_waiting([&] {
    const auto sound = writer.tracks()[bench.microphone].held_since;
    sound_late |= sound.ns > 0 && bench.clock.monotonic() - sound > std::chrono::seconds(9);
    return bench.second < 200;
  }));
  REQUIRE(bench.second == 200);
  CHECK_FALSE(sound_late);
  CHECK(bench.track(bench.microphone).state.counters.dropped == 0);
  CHECK(bench.track(bench.camera).state.counters.dropped > 0);
  CHECK(bench.track(bench.screen).state.counters.dropped > bench.track(bench.camera).state.counters.dropped);
  const auto stopped = bench.clock.monotonic();
  bench.finish();
  CHECK(bench.clock.monotonic() - stopped <= std::chrono::seconds(24));  // and not until all is written
  CHECK(violations_in(bench.root / "lesson").empty());
  CHECK(bench.missing_ms("room.audio") == 0);
  CHECK(bench.missing_ms("room.video") > 0);
  CHECK(bench.missing_ms("room.video") < bench.missing_ms("board.video"));
  for (const auto& gap : journal::LessonFolder::open(bench.root / "lesson")->gaps())
    CHECK(gap.reason == "queue-overflow");
}

TEST_CASE("what is given up at an end is declared, whether the lesson goes on or not") {
  const bool goes_on = GENERATE(false, true);
  Bench bench;
  bench.begin();
  bench.run(2);
  for (int i = 0; i < 3; ++i) bench.offer_second();
  bench.lesson->writer().give_up_waiting();
  CHECK(bench.lesson->writer().idle());
  if (goes_on) bench.run(2);
  bench.finish();
  CHECK(violations_in(bench.root / "lesson").empty());
  const auto folder = journal::LessonFolder::open(bench.root / "lesson");
  CHECK(folder->gaps().size() == 3);
  CHECK(bench.missing_ms("room.video") == 3000);
  for (const auto& gap : folder->gaps()) CHECK(gap.reason == "queue-overflow");
}

TEST_CASE("a disk that hangs for eight seconds loses nothing") {
  Bench bench;
  bench.begin();
  bench.run(2);
  bench.files.fail_from(1);
  bench.run(8);
  CHECK(bench.track(bench.camera).held_since.ns > 0);
  CHECK(bench.clock.monotonic() - bench.track(bench.camera).held_since >= std::chrono::seconds(7));
  bench.files.clear_faults();
  bench.run(3);
  CHECK(bench.track(bench.camera).held_since.ns == 0);
  bench.finish();
  CHECK(violations_in(bench.root / "lesson").empty());
  CHECK(journal::LessonFolder::open(bench.root / "lesson")->gaps().empty());
}

TEST_CASE("a full disk stops the screen before the camera before the sound") {
  Bench bench;
  bench.begin();
  bench.run(2);
  REQUIRE(bench.lesson->writer().give_up_least());
  bench.run(2);
  CHECK(bench.track(bench.screen).no_room);
  CHECK(bench.lost[0] == GapReason::kDiskFull);
  CHECK_FALSE(bench.lost[1]);
  REQUIRE(bench.lesson->writer().give_up_least());
  bench.run(2);
  CHECK(bench.track(bench.camera).no_room);
  CHECK_FALSE(bench.lost[2]);
  CHECK_FALSE(bench.lesson->writer().give_up_least());  // the sound is what is left: the lesson's end decides
  CHECK(bench.lesson->writer().values_recorded() == 1);
  bench.finish();
  CHECK(violations_in(bench.root / "lesson").empty());
  CHECK(bench.missing_ms("board.video") == 4000);
  CHECK(bench.missing_ms("room.video") == 2000);
  CHECK(bench.missing_ms("room.audio") == 0);
}

TEST_CASE("a write for which there is no room finds some in what was reserved ahead") {
  Bench bench;
  bench.begin();
  bench.run(2);
  bench.files.fail_operation(1, ErrorKind::kStorageFull, 10);
  bench.run(4);
  CHECK(bench.lesson->writer().nothing_reserved());
  bench.finish();
  CHECK(violations_in(bench.root / "lesson").empty());
  CHECK(journal::LessonFolder::open(bench.root / "lesson")->gaps().empty());
}

TEST_CASE("a write for which there is no room gives up the least valuable track, and the others go on") {
  Bench bench;
  bench.begin();
  bench.run(2);
  bench.lesson->writer().stop_reserving();
  bench.run(1);
  bench.files.fail_operation(1, ErrorKind::kStorageFull, 10);
  bench.run(1);
  bench.run(3);
  CHECK(bench.track(bench.screen).no_room);
  CHECK_FALSE(bench.track(bench.camera).no_room);
  bench.finish();
  CHECK(violations_in(bench.root / "lesson").empty());
  CHECK(bench.missing_ms("room.video") == 0);
  CHECK(bench.missing_ms("room.audio") == 0);
}

TEST_CASE("what was given up for want of room is recorded again when there is some") {
  Bench bench;
  bench.begin();
  bench.run(2);
  REQUIRE(bench.lesson->writer().give_up_least());
  bench.run(3);
  bench.lesson->writer().take_all_again();
  CHECK_FALSE(bench.track(bench.screen).no_room);
  bench.run(3);
  bench.finish();
  CHECK(violations_in(bench.root / "lesson").empty());
  CHECK(bench.missing_ms("board.video") == 3000);
}

TEST_CASE("a disk that speaks of room and has none is not tried anew before half a minute") {
  Bench bench;
  bench.begin();
  bench.run(2);
  bench.lesson->writer().meet_full_disk();
  bench.lesson->writer().meet_full_disk();  // what was reserved is on its way back: nothing more happens
  CHECK_FALSE(bench.track(bench.screen).no_room);
  bench.run(1);
  bench.lesson->writer().meet_full_disk();
  CHECK(bench.track(bench.screen).no_room);
  bench.run(20);
  bench.lesson->writer().take_all_again();
  CHECK(bench.track(bench.screen).no_room);
  bench.run(11);
  bench.lesson->writer().take_all_again();
  CHECK_FALSE(bench.track(bench.screen).no_room);
}
