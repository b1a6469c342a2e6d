#pragma once
// Bandwidth limits as rclone writes them (rclone.org/docs, "--bwlimit"): "512k", "off", or a timetable
// "08:00,512k 12:00,off 18:00,30M", also with days, "Mon-00:00,512 Fri-23:59,10M". Each entry holds until the
// next one, round the week. B, K, M, G are bytes per second and 1024 times more each; a bare number is KiB/s;
// "UP:DOWN" pairs: we only send, so UP counts. "off" and 0: no limit.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "firmware/base/result.h"

namespace shilu::config {

inline constexpr int kMinutesPerWeek = 7 * 24 * 60;

// Bytes per second; nullopt: no limit. kInvalidArgument says what is wrong.
Result<std::optional<std::uint64_t>> parse_rate(std::string_view text);
std::string rate_text(std::optional<std::uint64_t> bytes_per_s);  // "512k", "1.5M", "off"

class BandwidthTimetable {
 public:
  BandwidthTimetable() = default;  // no limit
  static Result<BandwidthTimetable> parse(std::string_view text);
  // Minutes since Sunday 00:00, local time.
  std::optional<std::uint64_t> rate_at(int minute_of_week) const;
  bool empty() const { return entries_.empty(); }

 private:
  struct Entry {
    int minute = 0;
    std::optional<std::uint64_t> rate;
  };
  static Status add(std::string_view word, std::vector<Entry>& entries);
  std::vector<Entry> entries_;  // by minute
};

// Hours in which nothing is sent at all: "07:30-12:00", "Sat-00:00-24:00" or "Mon-Fri-07:30-11:40".
class ForbiddenHours {
 public:
  static Result<ForbiddenHours> parse(const std::vector<std::string>& ranges);
  bool contains(int minute_of_week) const;
  // Minutes until they end; 0: not in them. A whole week of them: kMinutesPerWeek.
  int minutes_left(int minute_of_week) const;
  bool empty() const { return ranges_.empty(); }

 private:
  struct Range {
    int begin = 0, end = 0;  // minutes of the week, end after begin, may pass the week's end
  };
  std::vector<Range> ranges_;
};

int minute_of_week(std::int64_t utc_seconds);  // in this machine's time zone

}  // namespace shilu::config
