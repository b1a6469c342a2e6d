#include "firmware/portal/sign_in_log.h"

#include <catch2/catch.hpp>
#include <optional>

#include "firmware/base/json_io.h"

namespace shilu::portal {
namespace {

using Try = SignInLog::Try;
using Entries = std::vector<std::string>;

struct Written {
  ManualClock clock;
  Entries entries;
  std::optional<SignInLog> log{std::in_place, clock, [this](const std::string& event, const Json& members) {
                                 entries.push_back(event + " " + members.dump());
                               }};
};

const Json kTeacher{{"subject_sha256", "ab"}};

TEST_CASE("a try whose PIN was looked at is an entry of its own") {
  Written written;
  written.log->add(Try::kGood, kTeacher);
  written.log->add(Try::kWrongPin, kTeacher);
  CHECK(written.entries ==
        Entries{R"(sign-in {"subject_sha256":"ab"})", R"(sign-in-failed {"subject_sha256":"ab"})"});
}

TEST_CASE("a thousand tries that nobody looked at are one entry a minute") {
  Written written;
  for (int i = 0; i < 1'000; ++i) written.log->add(Try::kNotLookedAt, kTeacher);
  CHECK(written.entries == Entries{R"(sign-in-refused {"count":1})"});
  written.clock.advance(std::chrono::seconds(59));
  written.log->add(Try::kNotLookedAt, kTeacher);
  CHECK(written.entries.size() == 1);
  written.clock.advance(std::chrono::seconds(1));
  SECTION("with the next of them") {
    written.log->add(Try::kNotLookedAt, kTeacher);
    CHECK(written.entries.back() == R"(sign-in-refused {"count":1001})");
  }
  SECTION("before the next one of a teacher") {
    written.log->add(Try::kGood, kTeacher);
    REQUIRE(written.entries.size() == 3);
    CHECK(written.entries[1] == R"(sign-in-refused {"count":1000})");
  }
  SECTION("at the end") {
    written.log.reset();
    CHECK(written.entries.back() == R"(sign-in-refused {"count":1000})");
  }
}

}  // namespace
}  // namespace shilu::portal
