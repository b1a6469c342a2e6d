#include "firmware/base/ids.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <set>
#include <thread>
#include <vector>

#include "firmware/base/clock.h"

using namespace shilu;

namespace {

// RFC 9562 section 5.7: the first 48 bits are milliseconds since 1970.
std::int64_t ms_of(const std::string& uuid) {
  return static_cast<std::int64_t>(std::stoull(uuid.substr(0, 8) + uuid.substr(9, 4), nullptr, 16));
}
std::int64_t now_ms() {
  return SystemClock().wall().ns / 1'000'000;
}

}  // namespace

TEST_CASE("a new UUID is of version 7, the RFC's variant and the present time") {
  const auto before = now_ms();
  const auto uuid = new_uuid();
  const auto after = now_ms();
  CHECK(is_uuid(uuid));
  CHECK(uuid[14] == '7');
  CHECK(std::string("89ab").find(uuid[19]) != std::string::npos);
  CHECK(ms_of(uuid) >= before);
  CHECK(ms_of(uuid) <= after + 1);
}

TEST_CASE("UUIDs sort by the time of their making") {
  std::vector<std::string> made;
  for (int i = 0; i < 20'000; ++i) made.push_back(new_uuid());
  CHECK(std::is_sorted(made.begin(), made.end()));
  CHECK(std::set<std::string>(made.begin(), made.end()).size() == made.size());
}

TEST_CASE("threads never make the same UUID") {
  std::vector<std::vector<std::string>> made(4);
  std::vector<std::thread> threads;
  for (auto& mine : made) {
    threads.emplace_back([&] {
      for (int i = 0; i < 2000; ++i) mine.push_back(new_uuid());
    });
  }
  for (auto& thread : threads) thread.join();
  std::set<std::string> all;
  for (const auto& mine : made) all.insert(mine.begin(), mine.end());
  CHECK(all.size() == 8000);
}

TEST_CASE("only lower-case UUIDs of 36 characters are UUIDs") {
  CHECK(is_uuid("017f22e2-79b0-7cc3-98c4-dc0c0c07398f"));  // RFC 9562, A.6
  const auto text = GENERATE(as<std::string>(), "", "017F22E2-79B0-7CC3-98C4-DC0C0C07398F",
                             "017f22e279b07cc398c4dc0c0c07398f", "017f22e2-79b0-7cc3-98c4-dc0c0c07398",
                             "017f22e2-79b0-7cc3-98c4-dc0c0c07398ff", "017f22e2-79b0-7cc3-98c4-dc0c0c07398g",
                             "017f22e2x79b0-7cc3-98c4-dc0c0c07398f", "../../../../../../../../../../../../",
                             "017f22e2-79b0-7cc3-98c4-dc0c0c07-98f");
  CAPTURE(text);
  CHECK_FALSE(is_uuid(text));
}

TEST_CASE("a token is 256 bits in base64url") {
  const auto token = new_token();
  CHECK(token.size() == 43);
  CHECK(token.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") ==
        token.npos);
  CHECK(new_token() != token);
}
