#include "upload/sender/pace.h"

namespace shilu::sender {
namespace {

using Why = PaceNow::Why;

void take_lower(PaceNow& now, std::optional<std::uint64_t> limit, Why why) {
  if (!limit || (now.bytes_per_s && *now.bytes_per_s <= *limit)) return;
  now.bytes_per_s = limit;
  now.why = why;
}

MonotonicTime as_monotonic(std::chrono::steady_clock::time_point at) {
  return {std::chrono::duration_cast<Nanoseconds>(at.time_since_epoch()).count()};
}

}  // namespace

std::string_view to_string(Why why) {
  switch (why) {
    case Why::kFree:
      return "free";
    case Why::kTimetable:
      return "timetable";
    case Why::kByHand:
      return "by-hand";
    case Why::kRecording:
      return "recording";
    case Why::kOthers:
      return "others";
  }
  return "free";
}

Pace::Pace(const config::UploadSettings& settings, const Clock& clock) : settings_(settings), clock_(clock) {}

int Pace::minute() const {
  const MonotonicTime now = clock_.monotonic();
  if (minute_ < 0 || now - minute_read_ >= std::chrono::seconds(1)) {
    minute_ = config::minute_of_week(clock_.wall().ns / 1'000'000'000);
    minute_read_ = now;
  }
  return minute_;
}

PaceNow Pace::limit_now() const {
  PaceNow now;
  now.by_hand = by_hand_.has_value();
  if (by_hand_) {
    take_lower(now, by_hand_->bytes_per_s, Why::kByHand);
  } else {
    take_lower(now, settings_.limit.rate_at(minute()), Why::kTimetable);
  }
  if (recording_) take_lower(now, settings_.while_recording, Why::kRecording);
  if (settings_.yield_to_others) take_lower(now, courtesy_.limit(), Why::kOthers);
  return now;
}

std::size_t Pace::allowance(std::size_t wanted) {
  const std::lock_guard lock(mutex_);
  const MonotonicTime now = clock_.monotonic();
  bucket_.set_rate(limit_now().bytes_per_s, now);
  return bucket_.take(wanted, now);
}

void Pace::on_line(const http::LineSample& sample) {
  const std::lock_guard lock(mutex_);
  courtesy_.on_sample(as_monotonic(sample.at), sample.round_trip, sample.acked_bytes);
}

void Pace::on_new_connection() {
  const std::lock_guard lock(mutex_);
  courtesy_.on_new_connection();
}

void Pace::set_by_hand(std::optional<ByHand> limit) {
  const std::lock_guard lock(mutex_);
  by_hand_ = limit;
}

void Pace::set_recording(bool recording) {
  const std::lock_guard lock(mutex_);
  recording_ = recording;
}

PaceNow Pace::now() const {
  const std::lock_guard lock(mutex_);
  return limit_now();
}

bool Pace::forbidden_now() const {
  const std::lock_guard lock(mutex_);
  return settings_.forbidden_hours.contains(minute());
}

int Pace::forbidden_minutes_left() const {
  const std::lock_guard lock(mutex_);
  return settings_.forbidden_hours.minutes_left(minute());
}

}  // namespace shilu::sender
