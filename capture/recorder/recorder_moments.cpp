// What a teacher may do with a lesson that runs: pause it in private, take back a stop, delete, extend.

#include <fmt/format.h>

#include <algorithm>

#include "capture/recorder/recorder_session.h"
#include "capture/recorder/redaction.h"
#include "firmware/base/ids.h"
#include "firmware/base/log.h"

namespace shilu::recorder {
namespace {

constexpr Nanoseconds kUntilDurable = std::chrono::seconds(10);
constexpr Nanoseconds kLook = std::chrono::milliseconds(5);
constexpr Nanoseconds kStillOpen = std::chrono::seconds(3);  // a fragment may still be open, or a source late

tl::unexpected<Error> not_recording() {
  return fail(ErrorKind::kFailedPrecondition, "No lesson is being recorded.");
}

// It holds in memory, and the next record that the disk takes brings it along.
void note_unstored(const Status& status) {
  if (!status) log_error("not stored yet: {}", status.error().message);
}

}  // namespace

Status Recorder::begin_private() {
  const std::lock_guard control(control_mutex_);
  const auto running = session();
  if (!running) return not_recording();
  auto& lesson = *running->lesson;
  if (const auto away = lesson.away()) {
    if (away->why == Away::Why::kPrivate) return {};
    return fail(ErrorKind::kFailedPrecondition, "The lesson has been stopped.");
  }
  const auto since = lesson.now();
  for (const auto& input : inputs_) input->end_at(since);  // first of all
  note_unstored(lesson.begin_away({Away::Why::kPrivate, since, {}}));
  running->threads.tick_wanted();
  if (listener_ != nullptr) listener_->on_change();
  return {};
}

Status Recorder::go_on() {
  const std::lock_guard control(control_mutex_);
  const auto running = session();
  if (!running) return not_recording();
  auto& lesson = *running->lesson;
  const auto away = lesson.away();
  if (!away)
    return fail(ErrorKind::kFailedPrecondition,
                "The lesson is being recorded; there is nothing to continue.");
  {
    const std::lock_guard lock(mutex_);
    running->closes_at = {};
  }
  const auto from = lesson.now();
  const auto reason = away->why == Away::Why::kPrivate ? GapReason::kPrivate : GapReason::kStopped;
  note_unstored(lesson.end_away(from));  // first of all: no fragment may stand behind a stop
  for (const auto& input : inputs_) input->go_on(from, reason);
  running->threads.tick_wanted();
  if (listener_ != nullptr) listener_->on_change();
  return {};
}

// All that was offered until then.
Status Recorder::await_durable(Session& running, MonotonicTime offered_until) const {
  const auto deadline = clock_.monotonic() + kUntilDurable;
  const auto behind = [&](const TrackReport& track) {
    return track.held_since.ns > 0 && track.held_since <= offered_until;
  };
  for (;;) {
    const auto tracks = running.lesson->writer().tracks();
    if (std::none_of(tracks.begin(), tracks.end(), behind)) return {};
    if (clock_.monotonic() > deadline) {
      return fail(ErrorKind::kTimedOut,
                  "The disk does not take the recording; nothing was changed. Try again.");
    }
    running.threads.tick_wanted();
    std::this_thread::sleep_for(kLook);
  }
}

// A disk that takes something, the most valuable first, but will be long over the rest.
Status Recorder::store_before_stop(Session& running) const {
  const auto asked = clock_.monotonic();
  auto durable = await_durable(running, asked);
  if (durable) return durable;
  auto& writer = running.lesson->writer();
  const auto tracks = writer.tracks();
  const auto takes = [&](const TrackReport& track) { return track.durable_at > asked; };
  if (std::none_of(tracks.begin(), tracks.end(), takes)) return durable;
  writer.give_up_waiting();
  return await_durable(running, asked);
}

Result<StoppedLesson> Recorder::stop_for_now() {
  const std::lock_guard control(control_mutex_);
  const auto running = session();
  if (!running) return not_recording();
  auto& lesson = *running->lesson;
  auto away = lesson.away();
  const bool already = away && away->why == Away::Why::kStopping;
  const auto end =
      LessonTime::from_ms(std::max<std::int64_t>(already ? away->since.ms() : lesson.now().ms(), 0));
  const StoppedLesson stopped{lesson.info().lesson_id, lesson.directory(), end.ms()};
  if (already) return stopped;
  import_inbox(*running);
  for (const auto& input : inputs_) input->end_at(end);
  if (!away) await_end();
  // What comes still later is lost: no fragment may stand behind `stopping`.
  for (const auto& input : inputs_) input->cut(end, GapReason::kStopped);
  if (const auto durable = store_before_stop(*running); !durable) {
    if (!away) {
      for (const auto& input : inputs_) input->go_on(end, GapReason::kStopped);
    }
    return fail(durable.error());
  }
  if (away) note_unstored(lesson.end_away(end));
  note_unstored(lesson.begin_away({Away::Why::kStopping, end, "user"}));
  {
    const std::lock_guard lock(mutex_);
    running->closes_at = clock_.monotonic() + settings_.continue_within;
  }
  running->threads.tick_wanted();
  if (listener_ != nullptr) listener_->on_change();
  log_info("lesson {} stopped after {} ms; it may be continued", stopped.id, end.ms());
  return stopped;
}

Result<std::int64_t> Recorder::extend(Nanoseconds by) {
  const std::lock_guard control(control_mutex_);
  const auto running = session();
  if (!running) return not_recording();
  auto& lesson = *running->lesson;
  // Of a lesson that is over its time already: from now on.
  const auto base = std::max(lesson.planned_ms().value_or(0), std::max<std::int64_t>(lesson.now().ms(), 0));
  const auto planned = base + by / std::chrono::milliseconds(1);
  SHILU_CHECK(lesson.extend(planned));
  if (listener_ != nullptr) listener_->on_change();
  return planned;
}

Status Recorder::redact(const RedactRequest& request) {
  const std::lock_guard control(control_mutex_);
  const auto running = session();
  const bool live =
      running && (request.lesson_id.empty() || request.lesson_id == running->lesson->info().lesson_id);
  if (!live && request.lesson_id.empty()) return not_recording();
  if (!live) {
    if (!is_uuid(request.lesson_id)) return fail(ErrorKind::kInvalidArgument, "a lesson's id is a UUID");
    const auto directory = settings_.lessons_directory / request.lesson_id;
    if (!files_.exists(directory / "lesson.json"))
      return fail(ErrorKind::kNotFound, "There is no such lesson.");
    return redact_finished(owner(), directory, request.range, request.subject);
  }
  auto& lesson = *running->lesson;
  const auto now = lesson.now();
  auto range = request.range;
  if (request.last) range = {now - *request.last, now};
  range.to = std::min(range.to, now);
  // What is deleted up to now must not come in late; what is open has to be on the disk to be deleted there.
  const auto away = lesson.away();
  const auto recorded_to = away ? away->since : now;
  if (range.to > recorded_to - kStillOpen) {
    const auto reason = !away                               ? GapReason::kRedacted
                        : away->why == Away::Why::kStopping ? GapReason::kStopped
                                                            : GapReason::kPrivate;
    for (const auto& input : inputs_) input->cut(recorded_to, reason);
  }
  SHILU_CHECK(await_durable(*running, clock_.monotonic()));
  SHILU_CHECK(lesson.redact(range, request.subject));
  running->threads.tick_wanted();
  if (listener_ != nullptr) listener_->on_change();
  log_info("lesson {}: {} ms to {} ms were deleted", lesson.info().lesson_id, range.from.ms(), range.to.ms());
  return {};
}

}  // namespace shilu::recorder
