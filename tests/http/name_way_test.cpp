#include "firmware/http/name_way.h"

#include <catch2/catch.hpp>

using namespace shilu::http;
using namespace std::chrono_literals;

namespace {

constexpr bool kLate = true, kAnswered = false;
constexpr bool kKnownOnce = true, kStranger = false;

}  // namespace

TEST_CASE("a name server that is deaf to one kind of question is asked for IPv4 alone") {
  CHECK(way_after(NameWay::kBoth, kLate, kStranger) == NameWay::kIpv4);
  CHECK(way_after(NameWay::kBoth, kLate, kKnownOnce) == NameWay::kIpv4);
}

TEST_CASE("a name that exists nowhere is not asked for again") {
  CHECK_FALSE(way_after(NameWay::kBoth, kAnswered, kStranger));
  CHECK(way_after(NameWay::kBoth, kAnswered, kKnownOnce) == NameWay::kKnown);
}

TEST_CASE("a host without an IPv4 address, and a name server that is slow, get the whole time") {
  CHECK(way_after(NameWay::kIpv4, kAnswered, kStranger) == NameWay::kPatient);
  CHECK_FALSE(way_after(NameWay::kPatient, kLate, kStranger));
}

TEST_CASE("no name server at all ends with the address that answered last, after no longer than before") {
  CHECK(way_after(NameWay::kIpv4, kLate, kKnownOnce) == NameWay::kKnown);
  CHECK_FALSE(way_after(NameWay::kIpv4, kLate, kStranger));
  CHECK_FALSE(way_after(NameWay::kKnown, kLate, kKnownOnce));
  CHECK(time_for(NameWay::kBoth, 6s) + time_for(NameWay::kIpv4, 6s) == 6s);
}
