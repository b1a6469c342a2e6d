#include "tests/recorder/simulated_lesson_fixture.h"

#include "firmware/base/log.h"
#include "tests/recorder/stored_counters_fixture.h"

namespace shilu::test {

using namespace recorder;

SimulatedLesson::SimulatedLesson() : key_(test_key()), directory_(root_ / "lesson") {
  set_log_identity("test", static_cast<LogLevel>(0));  // hundreds of failures are told to the disk here
  camera_start_ = clock_.monotonic() + Nanoseconds(-300 * kMs);  // an IDR 0.3 s before the press
  tracks_[1].kind = MediaKind::kAudio;
}

Surroundings SimulatedLesson::surroundings() {
  return {files_, clock_, key_, limits, *this};
}

void SimulatedLesson::units_durable(const std::string& track, UnitName last) {
  durable_[track == "room.video" ? 0 : 1] = last.number;
}

bool SimulatedLesson::begin() {
  auto begun = LiveLesson::begin(surroundings(), test_lesson(clock_.monotonic()), directory_, std::nullopt);
  if (!begun) return false;
  lesson_ = std::move(*begun);
  attach();
  return true;
}

void SimulatedLesson::attach() {
  for (auto& track : tracks_) {
    const auto name = track_name("room", track.kind);
    const auto known = lesson_->writer().tracks();
    TrackBuilder::Beginning beginning{track.kind, lesson_->info().start_monotonic, std::nullopt};
    std::size_t index = 0;
    while (index < known.size() && known[index].state.name != name) ++index;
    if (index == known.size()) {
      TrackState state;
      state.name = name;
      state.kind = track.kind;
      index = lesson_->writer().add_track(state);
    } else if (known[index].state.durable_until.ns > 0) {
      beginning.stored_until = known[index].state.durable_until;
    }
    auto emit = [this, index](Fragment fragment) { return lesson_->writer().offer(index, std::move(fragment)); };
    track.builder = std::make_unique<TrackBuilder>(beginning, track.distance, emit);
    static_cast<void>(track.builder->set_parameters(track.kind == MediaKind::kVideo ? video_parameters() : audio_parameters()));
    track.next = durable_[track.kind == MediaKind::kVideo ? 0 : 1];  // unit k has number k + 1
  }
}

void SimulatedLesson::deliver_until(MonotonicTime time) {
  for (auto& track : tracks_) {
    for (;; ++track.next) {
      auto unit = track.kind == MediaKind::kVideo ? steady_picture(track.next, camera_start_, 25, picture_bytes)
                                                  : steady_sound(track.next, camera_start_);
      if (unit.decode_time > time) break;
      if (track.kind == MediaKind::kVideo) track.distance.add(unit.decode_time);
      track.builder->add(std::move(unit), 1, clock_.monotonic());
    }
  }
}

void SimulatedLesson::run(std::int64_t seconds) {
  for (std::int64_t i = 0; i < seconds; ++i) {
    clock_.advance(std::chrono::seconds(1));
    deliver_until(clock_.monotonic());
    static_cast<void>(lesson_->writer().write_waiting());
    if (const auto synced = lesson_->tick(); !synced && synced.error().kind == ErrorKind::kStorageFull) {
      lesson_->writer().note_storage_full();
    }
  }
}

void SimulatedLesson::kill() {
  for (auto& track : tracks_) track.builder.reset();
  lesson_.reset();
}

bool SimulatedLesson::recover_and_resume() {
  auto recovered = recover_lesson(files_, directory_);
  if (!recovered) return false;
  auto resumed = LiveLesson::resume(surroundings(), std::move(*recovered));
  if (!resumed) return false;
  lesson_ = std::move(*resumed);
  attach();
  return true;
}

bool SimulatedLesson::recover_and_close() {
  auto recovered = recover_lesson(files_, directory_);
  if (!recovered) return false;
  const auto end = LessonTime::from_ms(std::max<std::int64_t>(recovered->stored_until.ms(), 0));
  auto resumed = LiveLesson::resume(surroundings(), std::move(*recovered));
  if (!resumed) return false;
  return (*resumed)->finish(end, "power-loss", [](const auto&) { return GapReason::kRecorderRestart; }).has_value();
}

bool SimulatedLesson::stop() {
  const auto end = LessonTime::from_ms(lesson_->now().ms());
  for (auto& track : tracks_) track.builder->end_at(end);
  deliver_until(clock_.monotonic() + std::chrono::milliseconds(100));
  for (auto& track : tracks_) {
    track.builder->flush();
    track.builder.reset();
  }
  const bool full = lesson_->writer().storage_full();
  const auto finished = lesson_->finish(end, full ? "disk-full" : "user", [&](const std::string&) {
    return lesson_->writer().storage_full() ? GapReason::kDiskFull : GapReason::kSourceLost;
  });
  lesson_.reset();
  return finished.has_value();
}

Result<MarkAnswer> SimulatedLesson::mark(const std::string& id) {
  MarkRequest request;
  request.id = id;
  request.point = "A6";
  request.pressed = clock_.monotonic();
  return lesson_->mark(request);
}

std::vector<std::string> SimulatedLesson::violations() const {
  return violations_in(directory_);
}

std::vector<std::uint64_t> SimulatedLesson::counters(const std::string& track) const {
  return stored_counters(directory_, track);
}

}  // namespace shilu::test
