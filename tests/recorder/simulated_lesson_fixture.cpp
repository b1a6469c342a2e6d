#include "tests/recorder/simulated_lesson_fixture.h"

#include <catch2/catch.hpp>

#include "firmware/base/log.h"
#include "tests/recorder/stored_counters_fixture.h"

namespace shilu::test {

using namespace recorder;

namespace {

template <typename T>
bool told(std::string_view what, const Result<T>& done) {
  if (!done) UNSCOPED_INFO(what << ": " << done.error().message);
  return done.has_value();
}

}  // namespace

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
  auto info = test_lesson(clock_.monotonic());
  info.start_wall = clock_.wall();
  info.clock = clock_.quality();
  if (earlier_boot) info.boot_id = "00000000-0000-0000-0000-000000000000";
  if (pre_roll > Nanoseconds(0)) camera_start_ = clock_.monotonic() + Nanoseconds(-pre_roll.count());
  auto begun = LiveLesson::begin(surroundings(), info, directory_, std::nullopt);
  if (!told("begin", begun)) return false;
  lesson_ = std::move(*begun);
  attach();
  return true;
}

void SimulatedLesson::attach() {
  for (auto& track : tracks_) {
    const auto name = track_name("room", track.kind);
    const auto known = lesson_->writer().tracks();
    TrackBuilder::Beginning beginning;
    beginning.kind = track.kind;
    beginning.lesson_start = lesson_->start();
    beginning.earliest = LessonTime{-pre_roll.count()};
    beginning.not_before = not_before_;
    std::size_t index = 0;
    while (index < known.size() && known[index].state.name != name) ++index;
    if (index == known.size()) {
      TrackState state;
      state.name = name;
      state.kind = track.kind;
      state.value = track.kind == MediaKind::kVideo ? 6 : 106;
      index = lesson_->writer().add_track(state);
    } else if (known[index].state.anything) {
      lesson_->writer().set_value(index, track.kind == MediaKind::kVideo ? 6 : 106);
      beginning.stored_until = known[index].state.durable_until;
    }
    auto emit = [this, index](Fragment fragment) {
      return lesson_->writer().offer(index, std::move(fragment), clock_.monotonic());
    };
    track.builder = std::make_unique<TrackBuilder>(beginning, track.distance, emit);
    static_cast<void>(track.builder->set_parameters(track.kind == MediaKind::kVideo ? video_parameters()
                                                                                    : audio_parameters()));
    if (end_) track.builder->end_at(*end_);
    track.next = durable_[track.kind == MediaKind::kVideo ? 0 : 1];  // unit k has number k + 1
  }
}

void SimulatedLesson::deliver_until(MonotonicTime time) {
  for (auto& track : tracks_) {
    for (;; ++track.next) {
      auto unit = track.kind == MediaKind::kVideo
                      ? steady_picture(track.next, camera_start_, 25, picture_bytes)
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
    static_cast<void>(lesson_->writer().write_waiting([] { return true; }));
    if (const auto synced = lesson_->tick(); !synced && synced.error().kind == ErrorKind::kStorageFull) {
      lesson_->writer().meet_full_disk();
    }
  }
}

void SimulatedLesson::forget_until_now() {
  for (auto& track : tracks_) {
    const bool video = track.kind == MediaKind::kVideo;
    const auto time_of = [&](std::uint64_t k) {
      return (video ? steady_picture(k, camera_start_) : steady_sound(k, camera_start_)).decode_time;
    };
    while (time_of(track.next) <= clock_.monotonic()) ++track.next;
  }
}

void SimulatedLesson::settle() {
  static_cast<void>(lesson_->writer().write_waiting([] { return true; }));
  static_cast<void>(lesson_->tick());
}

bool SimulatedLesson::begin_private() {
  end_ = lesson_->now();
  for (auto& track : tracks_) track.builder->end_at(*end_);
  return lesson_->begin_away({Away::Why::kPrivate, *end_, {}}).has_value();
}

void SimulatedLesson::resume_builders(GapReason reason) {
  end_.reset();
  for (auto& track : tracks_) track.builder->go_on(lesson_->now(), reason);
}

bool SimulatedLesson::go_on() {
  const auto away = lesson_->away();
  if (!away) return false;
  const bool stored = lesson_->end_away(lesson_->now()).has_value();
  resume_builders(away->why == Away::Why::kPrivate ? GapReason::kPrivate : GapReason::kStopped);
  return stored;
}

bool SimulatedLesson::stop_for_now() {
  end_ = LessonTime::from_ms(lesson_->now().ms());
  for (auto& track : tracks_) track.builder->end_at(*end_);
  deliver_until(clock_.monotonic() + std::chrono::milliseconds(100));
  for (auto& track : tracks_) track.builder->flush();
  settle();
  if (!lesson_->writer().idle()) return false;
  return lesson_->begin_away({Away::Why::kStopping, *end_, "user"}).has_value();
}

Status SimulatedLesson::redact_last(Nanoseconds last) {
  const auto now = lesson_->now();
  for (auto& track : tracks_) track.builder->cut(now, GapReason::kRedacted);
  settle();
  return lesson_->redact({now - last, now}, std::nullopt);
}

void SimulatedLesson::kill() {
  for (auto& track : tracks_) track.builder.reset();
  lesson_.reset();
}

bool SimulatedLesson::recover_and_resume() {
  auto recovered = recover_lesson(files_, directory_);
  if (!told("recover", recovered)) return false;
  std::optional<journal::RebaseEvent> rebase;
  if (!recovered->start) {
    // The manual clock does not begin anew: this boot is said to be a second old.
    const Nanoseconds slept(kSecond - clock_.monotonic().ns);
    rebase = rebase_after_reboot(recovered->anchor, recovered->alive_until, clock_, slept);
    recovered->start = rebase->start_monotonic;
  }
  end_.reset();
  if (recovered->away) end_ = recovered->away->since;
  if (recovered->not_before.ns > 0) not_before_ = recovered->not_before;
  auto resumed = LiveLesson::resume(surroundings(), std::move(*recovered), rebase);
  if (!told("resume", resumed)) return false;
  lesson_ = std::move(*resumed);
  attach();
  if (rebase) forget_until_now();  // the captures of that boot are gone, and what they held
  return true;
}

bool SimulatedLesson::recover_and_close() {
  auto recovered = recover_lesson(files_, directory_);
  if (!told("recover", recovered)) return false;
  auto end = LessonTime::from_ms(std::max<std::int64_t>(recovered->stored_until.ms(), 0));
  if (recovered->away) end = std::max(end, recovered->away->since);
  auto resumed = LiveLesson::resume_to_close(surroundings(), std::move(*recovered));
  if (!told("resume", resumed)) return false;
  return told("finish",
              (*resumed)->finish(end, "power-loss", [](const auto&) { return GapReason::kRecorderRestart; }));
}

bool SimulatedLesson::stop() {
  const auto away = lesson_->away();
  const bool stopping = away && away->why == Away::Why::kStopping;
  const auto end = stopping ? away->since : LessonTime::from_ms(lesson_->now().ms());
  if (!away) {
    for (auto& track : tracks_) track.builder->end_at(end);
  }
  deliver_until(clock_.monotonic() + std::chrono::milliseconds(100));
  for (auto& track : tracks_) {
    track.builder->flush();
    track.builder.reset();
  }
  const bool full = lesson_->writer().storage_full();
  const auto reports = lesson_->writer().tracks();
  const auto has_no_room = [&](const std::string& name) {
    return std::any_of(reports.begin(), reports.end(),
                       [&](const TrackReport& track) { return track.state.name == name && track.no_room; });
  };
  const auto finished = lesson_->finish(end, full ? "disk-full" : "user", [&](const std::string& track) {
    if (away) return GapReason::kPrivate;
    return full || has_no_room(track) ? GapReason::kDiskFull : GapReason::kSourceLost;
  });
  lesson_.reset();
  return told("finish", finished);
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
