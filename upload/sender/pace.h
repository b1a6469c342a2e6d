#pragma once
// How fast may the outbox send right now? The timetable, or what somebody set for now; less while a lesson is
// recorded; less while others are on the line. Thread-safe: pages change it while the outbox asks.

#include <mutex>
#include <optional>

#include "config/upload_settings.h"
#include "firmware/http/client.h"
#include "upload/sender/courtesy.h"
#include "upload/sender/token_bucket.h"

namespace shilu::sender {

struct PaceNow {
  std::optional<std::uint64_t> bytes_per_s;  // nullopt: no limit
  enum class Why { kFree, kTimetable, kByHand, kRecording, kOthers } why = Why::kFree;
  bool by_hand = false;  // the timetable is set aside
};
std::string_view to_string(PaceNow::Why why);  // "free", "timetable", "by-hand", "recording", "others"

class Pace {
 public:
  // The clock outlives it.
  Pace(const config::UploadSettings& settings, const Clock& clock);

  // By the outbox:
  std::size_t allowance(std::size_t wanted);
  void on_line(const http::LineSample& sample);
  void on_new_connection();

  // By anybody:
  struct ByHand {
    std::optional<std::uint64_t> bytes_per_s;  // nullopt: no limit
  };
  void set_by_hand(std::optional<ByHand> limit);  // nullopt: back to the timetable
  void set_recording(bool recording);
  PaceNow now() const;
  bool forbidden_now() const;  // nothing is to be sent at this hour
  int forbidden_minutes_left() const;

 private:
  PaceNow limit_now() const;  // mutex_ is held
  int minute() const;

  const config::UploadSettings settings_;
  const Clock& clock_;
  mutable std::mutex mutex_;  // guards what follows
  std::optional<ByHand> by_hand_;
  bool recording_ = false;
  Courtesy courtesy_;
  TokenBucket bucket_;
  mutable MonotonicTime minute_read_{};  // the time zone is asked once a second, not for each packet
  mutable int minute_ = -1;
};

}  // namespace shilu::sender
