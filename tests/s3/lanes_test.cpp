#include "upload/s3/lanes.h"

#include <algorithm>
#include <catch2/catch.hpp>

using namespace shilu::s3;

namespace {

constexpr double kMiB = 1u << 20;
constexpr std::uint64_t kPart = 8u << 20;

// A line: what it carries altogether, and how long a store thinks about each part.
struct Line {
  double bytes_per_s;
  double answer_s;

  // Parts follow each other on each of the lanes; they share the line.
  void carry(int parts) {
    lanes.on_begin(now);
    for (int i = 0; i < parts; ++i) {
      const double alone_s = static_cast<double>(kPart) / bytes_per_s;
      const double each_s = std::max(alone_s, (alone_s + answer_s) / lanes.at_once());
      now += std::chrono::duration_cast<Lanes::Time::duration>(std::chrono::duration<double>(each_s));
      lanes.on_part(now, kPart);
      most = std::max(most, lanes.at_once());
    }
  }
  Lanes lanes{};
  Lanes::Time now{};
  int most = 1;
};

}  // namespace

TEST_CASE("a slow line has one part at a time, however long the store thinks") {
  for (const double answer_s : {0.0, 0.3, 3.0}) {
    Line school{0.5 * kMiB, answer_s};  // 4 Mbit/s
    school.carry(50);
    CHECK(school.most == 1);
  }
}

TEST_CASE("a fast line to a store that thinks gets four, within a dozen parts") {
  Line line{100 * kMiB, 0.3};
  line.carry(12);
  CHECK(line.lanes.at_once() == 4);
}

TEST_CASE("where only one is allowed it stays at one, however fast the line") {
  Line line{100 * kMiB, 0.3};
  line.lanes = Lanes(1);
  line.carry(50);
  CHECK(line.most == 1);
}

TEST_CASE("a line that one connection fills goes back to one, and is not tried again and again") {
  Line line{10 * kMiB, 0.0};
  line.carry(50);
  CHECK(line.most == 2);
  CHECK(line.lanes.at_once() == 1);
  line.most = 1;
  line.carry(50);
  CHECK(line.most == 1);
}

TEST_CASE("a line that becomes slow, or a limit that makes it so, has one part at a time again") {
  Line line{100 * kMiB, 0.3};
  line.carry(50);
  REQUIRE(line.lanes.at_once() == 4);
  line.bytes_per_s = 0.5 * kMiB;
  line.carry(8);
  CHECK(line.lanes.at_once() == 1);
  line.bytes_per_s = 100 * kMiB;
  line.carry(12);
  CHECK(line.lanes.at_once() == 4);
}

TEST_CASE("a failure brings it back to one") {
  Line line{100 * kMiB, 0.3};
  line.carry(50);
  line.lanes.on_failure(line.now);
  CHECK(line.lanes.at_once() == 1);
}

TEST_CASE("the time between two uploads counts for nothing") {
  Line line{100 * kMiB, 0.3};
  line.carry(1);
  line.now += std::chrono::hours(1);
  line.carry(12);
  CHECK(line.lanes.at_once() == 4);
}
