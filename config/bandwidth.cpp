#include "config/bandwidth.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <ctime>

namespace shilu::config {
namespace {

constexpr int kMinutesPerDay = 24 * 60;
constexpr std::array<std::string_view, 7> kDays = {"sunday",   "monday", "tuesday", "wednesday",
                                                   "thursday", "friday", "saturday"};

tl::unexpected<Error> wrong(std::string message) {
  return fail(ErrorKind::kInvalidArgument, std::move(message));
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  return out;
}

// "Mon" or "Monday" -> 1; nullopt: no day.
std::optional<int> weekday(std::string_view text) {
  const std::string name = lower(text);
  for (std::size_t i = 0; i < kDays.size(); ++i) {
    if (name == kDays[i] || name == kDays[i].substr(0, 3)) return static_cast<int>(i);
  }
  return std::nullopt;
}

std::optional<int> two_digits(std::string_view text) {
  int value = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.size() != 2 || parsed.ptr != text.data() + 2 || value < 0) return std::nullopt;
  return value;
}

// "HH:MM" -> minutes, up to `most`.
Result<int> time_of_day(std::string_view text, int most) {
  const auto hours = text.size() == 5 && text[2] == ':' ? two_digits(text.substr(0, 2)) : std::nullopt;
  const auto minutes = hours ? two_digits(text.substr(3)) : std::nullopt;
  if (!minutes || *minutes > 59 || *hours * 60 + *minutes > most)
    return wrong(fmt::format("\"{}\" is no time of day such as 08:00", text));
  return *hours * 60 + *minutes;
}

std::optional<double> unit(char letter) {
  switch (letter) {
    case 'B':
    case 'b':
      return 1;
    case 'K':
    case 'k':
      return 1024;
    case 'M':
    case 'm':
      return 1024.0 * 1024;
    case 'G':
    case 'g':
      return 1024.0 * 1024 * 1024;
    default:
      return std::nullopt;
  }
}

std::vector<std::string_view> split(std::string_view text, std::string_view separators) {
  std::vector<std::string_view> words;
  while (!text.empty()) {
    const auto end = std::min(text.find_first_of(separators), text.size());
    if (end > 0) words.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return words;
}

}  // namespace

Result<std::optional<std::uint64_t>> parse_rate(std::string_view text) {
  const std::string_view up = text.substr(0, text.find(':'));
  if (lower(up) == "off") return std::optional<std::uint64_t>();
  std::string_view number = up;
  double factor = 1024;
  if (const auto named = up.empty() ? std::nullopt : unit(up.back())) {
    factor = *named;
    number.remove_suffix(1);
  }
  double value = 0;
  const auto parsed = std::from_chars(number.data(), number.data() + number.size(), value);
  const bool whole =
      !number.empty() && parsed.ec == std::errc() && parsed.ptr == number.data() + number.size();
  if (!whole || !std::isfinite(value) || value < 0 || value * factor > 1e12)
    return wrong(fmt::format("\"{}\" is no rate such as 512k, 10M or off", text));
  const auto rate = static_cast<std::uint64_t>(value * factor);
  return rate == 0 ? std::optional<std::uint64_t>() : std::optional(rate);
}

std::string rate_text(std::optional<std::uint64_t> bytes_per_s) {
  if (!bytes_per_s) return "off";
  const auto rate = static_cast<double>(*bytes_per_s);
  if (*bytes_per_s >= 1u << 20) return fmt::format("{:.4g}M", rate / (1u << 20));
  if (*bytes_per_s >= 1u << 10) return fmt::format("{:.4g}k", rate / (1u << 10));
  return fmt::format("{}B", *bytes_per_s);
}

// "08:00,512k" for each day, "Mon-08:00,512k" for one.
Status BandwidthTimetable::add(std::string_view word, std::vector<Entry>& entries) {
  const auto comma = word.find(',');
  if (comma == std::string_view::npos)
    return wrong(fmt::format("\"{}\" is not TIME,RATE such as 08:00,512k", word));
  std::string_view when = word.substr(0, comma);
  SHILU_TRY(const auto rate, parse_rate(word.substr(comma + 1)));
  const auto dash = when.find('-');
  const std::optional<int> day = weekday(when.substr(0, dash == std::string_view::npos ? 0 : dash));
  if (dash != std::string_view::npos && !day)
    return wrong(fmt::format("\"{}\" is no day of the week such as Mon", when.substr(0, dash)));
  if (day) when.remove_prefix(dash + 1);
  SHILU_TRY(const int minute, time_of_day(when, kMinutesPerDay - 1));
  const int first = day ? *day : 0;
  const int last = day ? *day : 6;
  for (int i = first; i <= last; ++i) entries.push_back({i * kMinutesPerDay + minute, rate});
  return {};
}

Result<BandwidthTimetable> BandwidthTimetable::parse(std::string_view text) {
  BandwidthTimetable table;
  const auto words = split(text, " \t;");
  if (words.size() == 1 && words[0].find(',') == std::string_view::npos) {
    SHILU_TRY(const auto rate, parse_rate(words[0]));
    table.entries_.push_back({0, rate});
    return table;
  }
  for (const std::string_view word : words) SHILU_CHECK(add(word, table.entries_));
  std::stable_sort(table.entries_.begin(), table.entries_.end(),
                   [](const Entry& a, const Entry& b) { return a.minute < b.minute; });
  return table;
}

std::optional<std::uint64_t> BandwidthTimetable::rate_at(int minute) const {
  if (entries_.empty()) return std::nullopt;
  const auto after = std::upper_bound(entries_.begin(), entries_.end(), minute,
                                      [](int value, const Entry& entry) { return value < entry.minute; });
  return after == entries_.begin() ? entries_.back().rate : std::prev(after)->rate;
}

Result<ForbiddenHours> ForbiddenHours::parse(const std::vector<std::string>& texts) {
  ForbiddenHours hours;
  for (const std::string& text : texts) {
    const auto words = split(text, "-");
    std::vector<int> days;
    for (const std::string_view word : words) {
      if (const auto day = weekday(word)) days.push_back(*day);
    }
    if (words.size() != days.size() + 2 || days.size() > 2)
      return wrong(fmt::format("\"{}\" is not FROM-TO such as 07:30-12:00 or Mon-Fri-07:30-12:00", text));
    SHILU_TRY(const int begin, time_of_day(words[days.size()], kMinutesPerDay - 1));
    SHILU_TRY(const int end, time_of_day(words[days.size() + 1], kMinutesPerDay));
    const int first = days.empty() ? 0 : days.front();
    const int count = days.empty() ? 7 : (days.back() - first + 7) % 7 + 1;
    for (int i = 0; i < count; ++i) {
      const int day = (first + i) % 7 * kMinutesPerDay;
      hours.ranges_.push_back({day + begin, day + end + (end <= begin ? kMinutesPerDay : 0)});
    }
  }
  return hours;
}

bool ForbiddenHours::contains(int minute) const {
  return std::any_of(ranges_.begin(), ranges_.end(), [minute](const Range& range) {
    return (minute >= range.begin && minute < range.end) || minute + kMinutesPerWeek < range.end;
  });
}

int ForbiddenHours::minutes_left(int minute) const {
  int left = 0;
  while (left < kMinutesPerWeek && contains((minute + left) % kMinutesPerWeek)) ++left;
  return left;
}

int minute_of_week(std::int64_t utc_seconds) {
  const auto seconds = static_cast<std::time_t>(utc_seconds);
  std::tm parts{};
  localtime_r(&seconds, &parts);
  return parts.tm_wday * kMinutesPerDay + parts.tm_hour * 60 + parts.tm_min;
}

}  // namespace shilu::config
