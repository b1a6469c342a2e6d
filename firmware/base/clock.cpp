#include "firmware/base/clock.h"

#include <fmt/format.h>
#include <sys/timex.h>

#include <charconv>
#include <ctime>
#include <fstream>
#include <optional>

namespace shilu {
namespace {

constexpr std::int64_t kNsPerSecond = 1'000'000'000;

std::int64_t now_ns(clockid_t id) {
  timespec time{};
  clock_gettime(id, &time);
  return static_cast<std::int64_t>(time.tv_sec) * kNsPerSecond + time.tv_nsec;
}

// Takes exactly `digits` decimal digits off the front.
std::optional<int> take_number(std::string_view& text, std::size_t digits) {
  if (text.size() < digits) return std::nullopt;
  const auto part = text.substr(0, digits);
  if (part.find_first_not_of("0123456789") != part.npos) return std::nullopt;
  int value = 0;
  std::from_chars(part.data(), part.data() + part.size(), value);
  text.remove_prefix(digits);
  return value;
}

bool take_char(std::string_view& text, char wanted) {
  if (text.empty() || text.front() != wanted) return false;
  text.remove_prefix(1);
  return true;
}

// ".123456789" as nanoseconds; digits past the ninth are dropped.
std::optional<std::int64_t> take_fraction(std::string_view& text) {
  if (!take_char(text, '.')) return 0;
  std::int64_t value = 0;
  std::int64_t unit = kNsPerSecond / 10;
  const auto before = text.size();
  while (const auto digit = take_number(text, 1)) {
    value += *digit * unit;
    unit /= 10;
  }
  return text.size() == before ? std::nullopt : std::optional(value);
}

// "Z" or "+hh:mm", in seconds east of UTC.
std::optional<std::int64_t> take_offset(std::string_view& text) {
  if (take_char(text, 'Z')) return 0;
  const bool west = take_char(text, '-');
  if (!west && !take_char(text, '+')) return std::nullopt;
  const auto hours = take_number(text, 2);
  const bool colon = take_char(text, ':');
  const auto minutes = take_number(text, 2);
  if (!hours || !colon || !minutes || *hours > 23 || *minutes > 59) return std::nullopt;
  return (west ? -1 : 1) * (*hours * 3600 + *minutes * 60);
}

std::optional<std::int64_t> take_day_seconds(std::string_view& text) {
  const auto year = take_number(text, 4);
  const bool first_dash = take_char(text, '-');
  const auto month = take_number(text, 2);
  const bool second_dash = take_char(text, '-');
  const auto day = take_number(text, 2);
  if (!year || !first_dash || !month || !second_dash || !day) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(*year),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  // int64 nanoseconds end in 2262.
  if (!date.ok() || *year < 1700 || *year > 2261) return std::nullopt;
  return std::chrono::sys_days(date).time_since_epoch().count() * std::int64_t{86400};
}

std::optional<std::int64_t> take_time_seconds(std::string_view& text) {
  const auto hour = take_number(text, 2);
  const bool first_colon = take_char(text, ':');
  const auto minute = take_number(text, 2);
  const bool second_colon = take_char(text, ':');
  const auto second = take_number(text, 2);
  if (!hour || !first_colon || !minute || !second_colon || !second) return std::nullopt;
  if (*hour > 23 || *minute > 59 || *second > 60) return std::nullopt;  // 60: a leap second
  return *hour * 3600 + *minute * 60 + *second;
}

std::optional<WallTime> parse_rfc3339(std::string_view text) {
  const auto day = take_day_seconds(text);
  if (!day || !take_char(text, 'T')) return std::nullopt;
  const auto time = take_time_seconds(text);
  const auto fraction = take_fraction(text);
  const auto offset = take_offset(text);
  if (!time || !fraction || !offset || !text.empty()) return std::nullopt;
  return WallTime{(*day + *time - *offset) * kNsPerSecond + *fraction};
}

}  // namespace

std::string to_rfc3339(WallTime time) {
  const std::chrono::sys_time<Nanoseconds> point{Nanoseconds(time.ns)};
  const auto day = std::chrono::floor<std::chrono::days>(point);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss clock{std::chrono::floor<std::chrono::milliseconds>(point - day)};
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     clock.hours().count(), clock.minutes().count(), clock.seconds().count(),
                     clock.subseconds().count());
}

Result<WallTime> wall_from_rfc3339(std::string_view text) {
  const auto time = parse_rfc3339(text);
  if (!time)
    return fail(ErrorKind::kInvalidArgument, fmt::format("\"{}\" is not a time as RFC 3339 writes it", text));
  return *time;
}

MonotonicTime SystemClock::monotonic() const {
  return {now_ns(CLOCK_MONOTONIC)};
}
WallTime SystemClock::wall() const {
  return {now_ns(CLOCK_REALTIME)};
}

ClockQuality SystemClock::quality() const {
  timex state{};
  const int status = adjtimex(&state);
  return {status >= 0 && status != TIME_ERROR && (state.status & STA_UNSYNC) == 0, state.maxerror / 1000};
}

void ManualClock::advance(Nanoseconds by) {
  monotonic_ = monotonic_ + by;
  wall_.ns += by.count();
}

std::string boot_id() {
  std::string id;
  std::ifstream("/proc/sys/kernel/random/boot_id") >> id;
  return id;
}

}  // namespace shilu
