// RFC 3161 against openssl's own server and verifier.

#include "firmware/base/time_stamp.h"

#include <catch2/catch.hpp>
#include <cstdlib>

#include "firmware/base/file_system.h"
#include "tests/base/time_stamp_server.h"

using namespace shilu;
using test::TimeStampServer;

TEST_CASE("a query is one that openssl reads, and its reply proves the time of just this digest") {
  const TimeStampServer server;
  const auto digest = sha256(std::string_view("the seal"));
  const auto query = make_time_stamp_query(digest);
  REQUIRE(write_file_atomic(server.path() / "query", query));
  CHECK(std::system(("cd '" + server.path().string() +
                     "' && openssl ts -query -in query -text 2> /dev/null | grep -q 'Hash Algorithm: sha256'")
                        .c_str()) == 0);
  const auto reply = server.reply_to(query);
  CHECK(check_time_stamp_reply(reply, query));
  const auto stamp = read_time_stamp(reply, digest, server.root()).value();
  const auto now = SystemClock().wall();
  CHECK(std::abs(now.ns - stamp.time.ns) < 600'000'000'000);
  CHECK(stamp.accuracy_ms == 1500);  // 1 s and 500 ms in the server's configuration

  // openssl agrees.
  REQUIRE(write_file_atomic(server.path() / "seal", as_bytes("the seal")));
  REQUIRE(write_file_atomic(server.path() / "reply", reply));
  CHECK(std::system(("cd '" + server.path().string() +
                     "' && openssl ts -verify -data seal -in reply -CAfile root.pem > /dev/null 2>&1")
                        .c_str()) == 0);
}

TEST_CASE("a time stamp of something else, by somebody else, or changed proves nothing") {
  const TimeStampServer server;
  const auto digest = sha256(std::string_view("the seal"));
  const auto query = make_time_stamp_query(digest);
  const auto reply = server.reply_to(query);
  CHECK(read_time_stamp(reply, sha256(std::string_view("another")), server.root()).error().kind ==
        ErrorKind::kCorrupted);
  CHECK(check_time_stamp_reply(reply, make_time_stamp_query(digest)).error().kind == ErrorKind::kCorrupted);
  const TimeStampServer stranger;
  CHECK(read_time_stamp(reply, digest, stranger.root()).error().kind == ErrorKind::kCorrupted);
  CHECK(read_time_stamp(reply, digest, "").error().kind == ErrorKind::kInvalidArgument);
  for (std::size_t at = 0; at < reply.size(); at += 1 + reply.size() / 40) {
    auto changed = reply;
    changed[at] ^= 4;
    CAPTURE(at);
    const auto read = read_time_stamp(changed, digest, server.root());
    // Certificates that the reply brings along may have bytes that no chain needs; the time must stand.
    if (read) CHECK(read->time == read_time_stamp(reply, digest, server.root())->time);
  }
  auto longer = reply;
  longer.push_back(0);
  CHECK_FALSE(read_time_stamp(longer, digest, server.root()));
  CHECK_FALSE(read_time_stamp({}, digest, server.root()));
}
