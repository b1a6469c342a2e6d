#include "config/bandwidth.h"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <ctime>

using namespace shilu::config;
using Rate = std::optional<std::uint64_t>;

namespace {

constexpr int kDay = 24 * 60;
int at(int day, int hour, int minute) {  // 0: Sunday
  return day * kDay + hour * 60 + minute;
}
std::string refusal(std::string_view text) {
  const auto table = BandwidthTimetable::parse(text);
  REQUIRE_FALSE(table);
  return table.error().message;
}

}  // namespace

TEST_CASE("rates are read as rclone reads them") {
  // rclone.org/docs: "--bwlimit": suffixes B, K, M, G; a bare number is KiB/s; UP:DOWN.
  CHECK(parse_rate("512").value() == Rate(512 * 1024));
  CHECK(parse_rate("512k").value() == Rate(512 * 1024));
  CHECK(parse_rate("10M").value() == Rate(10 * 1024 * 1024));
  CHECK(parse_rate("1.5M").value() == Rate(1572864));
  CHECK(parse_rate("100B").value() == Rate(100));
  CHECK(parse_rate("10M:100k").value() == Rate(10 * 1024 * 1024));
  CHECK(parse_rate("off").value() == Rate());
  CHECK(parse_rate("0").value() == Rate());
  for (const char* bad : {"", "k", "-5", "5 M", "fast", "1e99M", "nan"}) {
    INFO(bad);
    CHECK_FALSE(parse_rate(bad));
  }
}

TEST_CASE("rates are shown as they are written") {
  for (const char* text : {"512k", "10M", "1.5M", "off", "100B"})
    CHECK(rate_text(parse_rate(text).value()) == text);
}

TEST_CASE("rclone's example of a day's timetable means what rclone says it means") {
  // "the transfer bandwidth will be set to 512 KiB/s at 8am every day. At noon, it will rise to 10 MiB/s, and
  // drop back to 512 KiB/s at 1pm. At 6pm, the bandwidth limit will be set to 30 MiB/s, and at 11pm it will
  // be completely disabled."
  const auto table = BandwidthTimetable::parse("08:00,512k 12:00,10M 13:00,512k 18:00,30M 23:00,off").value();
  for (const int day : {0, 3, 6}) {
    CHECK(table.rate_at(at(day, 8, 0)) == Rate(512 << 10));
    CHECK(table.rate_at(at(day, 11, 59)) == Rate(512 << 10));
    CHECK(table.rate_at(at(day, 12, 30)) == Rate(10 << 20));
    CHECK(table.rate_at(at(day, 13, 0)) == Rate(512 << 10));
    CHECK(table.rate_at(at(day, 20, 0)) == Rate(30 << 20));
    CHECK(table.rate_at(at(day, 23, 0)) == Rate());
    CHECK(table.rate_at(at(day, 7, 59)) == Rate());
  }
}

TEST_CASE("rclone's example of a week's timetable means what rclone says it means") {
  // "at the start of Monday: 512 KiB/s; Friday 23:59: 10 MiB/s; Saturday 10:00: 1 MiB/s; Sunday 20:00:
  // unlimited".
  const auto table =
      BandwidthTimetable::parse("Mon-00:00,512 Fri-23:59,10M Sat-10:00,1M Sun-20:00,off").value();
  CHECK(table.rate_at(at(1, 0, 0)) == Rate(512 << 10));
  CHECK(table.rate_at(at(4, 12, 0)) == Rate(512 << 10));
  CHECK(table.rate_at(at(5, 23, 59)) == Rate(10 << 20));
  CHECK(table.rate_at(at(6, 9, 59)) == Rate(10 << 20));
  CHECK(table.rate_at(at(6, 10, 0)) == Rate(1 << 20));
  CHECK(table.rate_at(at(0, 19, 59)) == Rate(1 << 20));
  CHECK(table.rate_at(at(0, 20, 0)) == Rate());
}

TEST_CASE("one rate holds always, and no timetable is no limit") {
  CHECK(BandwidthTimetable::parse("2M").value().rate_at(at(3, 3, 3)) == Rate(2 << 20));
  CHECK(BandwidthTimetable().rate_at(0) == Rate());
}

TEST_CASE("a timetable that is none says which word is wrong") {
  CHECK(refusal("08:00,512k 12:00").find("\"12:00\"") != std::string::npos);
  CHECK(refusal("25:00,512k").find("\"25:00\"") != std::string::npos);
  CHECK(refusal("Funday-08:00,512k").find("\"Funday\"") != std::string::npos);
  CHECK(refusal("08:00,fast").find("\"fast\"") != std::string::npos);
}

TEST_CASE("forbidden hours hold each day, on some days, and over midnight and the week's end") {
  const auto hours = ForbiddenHours::parse({"Mon-Fri-07:30-12:00", "Sat-22:00-02:00"}).value();
  CHECK(hours.contains(at(1, 7, 30)));
  CHECK(hours.contains(at(5, 11, 59)));
  CHECK_FALSE(hours.contains(at(5, 12, 0)));
  CHECK_FALSE(hours.contains(at(6, 8, 0)));
  CHECK(hours.contains(at(6, 23, 0)));
  CHECK(hours.contains(at(0, 1, 59)));
  CHECK_FALSE(hours.contains(at(0, 2, 0)));
  CHECK(hours.minutes_left(at(1, 11, 30)) == 30);
  CHECK(hours.minutes_left(at(1, 13, 0)) == 0);
  const auto all = ForbiddenHours::parse({"00:00-24:00"}).value();
  CHECK(all.minutes_left(5) == kMinutesPerWeek);
  CHECK_FALSE(ForbiddenHours::parse({"07:30"}));
  CHECK_FALSE(ForbiddenHours::parse({"Mon-Tue-Wed-07:30-08:00"}));
}

TEST_CASE("the minute of the week is this machine's own") {
  ::setenv("TZ", "Asia/Shanghai", 1);
  ::tzset();
  // `TZ=Asia/Shanghai date -d @1795766400 '+%a %H:%M'` says Fri 16:00.
  CHECK(minute_of_week(1'795'766'400) == at(5, 16, 0));
  ::unsetenv("TZ");
  ::tzset();
}
