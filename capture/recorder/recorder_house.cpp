// What the recorder looks after four times a second, whatever else happens.

#include <fmt/format.h>

#include "capture/recorder/mark_inbox.h"
#include "capture/recorder/recorder_session.h"
#include "firmware/base/log.h"

namespace shilu::recorder {
namespace {

constexpr Nanoseconds kHouseInterval = std::chrono::milliseconds(250);
constexpr Nanoseconds kInboxInterval = std::chrono::seconds(2);
constexpr Nanoseconds kSlept = std::chrono::seconds(1);  // what counts as a sleep of the machine

// Of what is free. With less, nothing is reserved ahead, and if that is not enough the least valuable tracks
// are no longer recorded; then all but the most valuable; then the lesson is ended while its last records
// still fit.
constexpr std::uint64_t kFewBytes = 24u << 20;
constexpr std::uint64_t kFewerBytes = 12u << 20;
constexpr std::uint64_t kLastBytes = 4u << 20;
constexpr std::uint64_t kEnoughAgain = 256u << 20;

}  // namespace

void Recorder::keep_house() {
  std::unique_lock lock(mutex_);
  while (!housekeeper_wake_.wait_for(lock, kHouseInterval, [this] { return ending_; })) {
    const auto running = session_;
    lock.unlock();
    follow_sleep(running.get());
    for (const auto& input : inputs_) input->close_if_silent();
    expire_lease();
    if (running) end_if_full(*running);
    if (running) close_if_due(*running);
    if (running && clock_.monotonic() - MonotonicTime{inbox_seen_ns_} > kInboxInterval)
      import_inbox(*running);
    lock.lock();
  }
}

void Recorder::end_if_full(Session& running) {
  auto& writer = running.lesson->writer();
  const auto left = files_.free_bytes(running.lesson->directory());
  if (left && *left > kEnoughAgain) {
    writer.take_all_again();
  } else if (left && *left < kFewBytes && !writer.nothing_reserved()) {
    writer.stop_reserving();  // what is free now shows only when that has been given back
  } else if (left) {
    if (*left < kFewBytes && writer.values_recorded() > 2) writer.give_up_least();
    if (*left < kFewerBytes && writer.values_recorded() > 1) writer.give_up_least();
    if (*left < kLastBytes) writer.note_storage_full();
  }
  if (!writer.storage_full()) return;
  log_error("the disk is full; the lesson is ended with what is whole");
  const auto stopped = stop(StopReason::kDiskFull);
  const std::lock_guard lock(mutex_);
  if (stopped) fault_ = "The disk is full. The lesson was ended; what was recorded until then is whole.";
}

void Recorder::close_if_due(Session& running) {
  const auto due = [&] {
    const std::lock_guard lock(mutex_);
    return running.closes_at.ns > 0 && clock_.monotonic() >= running.closes_at;
  };
  if (!due()) return;
  const std::lock_guard control(control_mutex_);
  if (session().get() != &running || !due()) return;  // somebody was faster
  const auto away = running.lesson->away();
  if (!away || away->why != Away::Why::kStopping) return;
  if (const auto closed = close_session(running, away->since, away->stop_reason); !closed) {
    log_error("{}", closed.error().message);
  }
}

void Recorder::follow_sleep(const Session* running) {
  const auto slept = settings_.slept() - slept_;
  if (slept < kSlept) return;
  slept_ += slept;
  log_warning("the machine slept for {} ms", slept / std::chrono::milliseconds(1));
  if (running == nullptr) return;
  auto& lesson = *running->lesson;
  if (const auto moved = lesson.move_start(slept); !moved) log_error("{}", moved.error().message);
  for (const auto& input : inputs_) input->move_start(lesson.start());
}

// Marks that shilud took while no recorder was there. The journal knows their ids: each is stored once.
void Recorder::import_inbox(Session& running) {
  inbox_seen_ns_ = clock_.monotonic().ns;
  auto& lesson = *running.lesson;
  for (const auto& found : read_mark_inbox(files_, lesson.directory(), clock_)) {
    const auto stored = lesson.import_mark(found.request);
    const bool again = !stored && stored.error().kind != ErrorKind::kInvalidArgument;
    if (!stored) log_warning("a mark of the inbox: {}", stored.error().message);
    if (again) continue;  // the disk does not take it now
    if (const auto removed = files_.remove(found.file); !removed) log_warning("{}", removed.error().message);
    if (listener_ != nullptr) listener_->on_change();
  }
}

// --- before a lesson

void Recorder::keep(Nanoseconds length) {
  for (const auto& input : inputs_) input->keep(length);
}

void Recorder::arm(Nanoseconds lease) {
  if (settings_.pre_roll <= Nanoseconds(0) || session()) return;
  {
    const std::lock_guard lock(mutex_);
    armed_until_ = clock_.monotonic() + lease;
    if (std::exchange(armed_, true)) return;
  }
  keep(settings_.pre_roll);
  if (listener_ != nullptr) listener_->on_change();
}

void Recorder::disarm() {
  {
    const std::lock_guard lock(mutex_);
    if (!std::exchange(armed_, false)) return;
  }
  keep(Nanoseconds(0));
  if (listener_ != nullptr) listener_->on_change();
}

void Recorder::expire_lease() {
  {
    const std::lock_guard lock(mutex_);
    if (!armed_ || clock_.monotonic() < armed_until_) return;
  }
  disarm();
}

}  // namespace shilu::recorder
