#include "upload/sender/call.h"

#include <catch2/catch.hpp>

#include "firmware/base/json_io.h"

using namespace shilu;
using namespace shilu::sender;
using Kind = CallError::Kind;

namespace {

http::ClientResponse answer(int status, std::map<std::string, std::string> headers = {},
                            std::string body = "") {
  http::ClientResponse response;
  response.status = status;
  response.headers = std::move(headers);
  response.body = std::move(body);
  return response;
}

CallError error_of(const http::ClientResponse& response) {
  http::ClientRequest request;
  request.url = "http://platform.test/x";
  return unexpected_answer(request, response);
}
// Said by a tus server.
Kind kind_of(int status) {
  return error_of(answer(status, {{"tus-resumable", "1.0.0"}})).kind;
}
// Said by whoever stands between us and it.
Kind kind_of_page(int status) {
  return error_of(answer(status, {{"content-type", "text/html"}}, "<html>")).kind;
}

}  // namespace

TEST_CASE("each status says what the sender does next") {
  CHECK(kind_of(401) == Kind::kAuth);
  CHECK(kind_of(403) == Kind::kRefused);
  CHECK(kind_of(404) == Kind::kGone);
  CHECK(kind_of(410) == Kind::kGone);
  CHECK(kind_of(409) == Kind::kConflict);
  CHECK(kind_of(413) == Kind::kTooLarge);
  CHECK(kind_of(460) == Kind::kDamaged);
  CHECK(kind_of(423) == Kind::kBusy);
  CHECK(kind_of(429) == Kind::kBusy);
  CHECK(kind_of(503) == Kind::kBusy);
  CHECK(kind_of(418) == Kind::kRefused);
}

TEST_CASE("what a stranger on the way says is not about our token or our upload") {
  for (const int status : {200, 302, 400, 401, 403, 404, 409, 410, 511}) {
    INFO(status);
    CHECK(kind_of_page(status) == Kind::kPortal);
  }
  CHECK(kind_of_page(407) == Kind::kTrust);
  CHECK(kind_of_page(413) == Kind::kTooLarge);  // nginx's client_max_body_size
  CHECK(kind_of_page(502) == Kind::kBusy);
  CHECK(error_of(answer(502, {}, "<html>")).code == "server-error");
  const auto nginx =
      answer(400, {}, "<html><head><title>400 No required SSL certificate was sent</title></head>");
  CHECK(error_of(nginx).code == "our-certificate");
}

TEST_CASE("no message tells a URL's query, where a signature stands") {
  http::ClientRequest request;
  request.url = "https://key:word@store.test/package/part?partNumber=1&X-Amz-Signature=5ec2e7";
  const auto page = answer(200, {{"content-type", "text/html"}}, "<html>");
  const auto nginx = answer(400, {}, "<title>400 No required SSL certificate was sent</title>");
  for (const std::string& message :
       {unexpected_answer(request, page).message, unexpected_answer(request, nginx).message,
        json_body(request, page).error().message}) {
    INFO(message);
    CHECK(message.starts_with("https://store.test/package/part "));
  }
}

TEST_CASE("the platform's clock is read from its answers") {
  ManualClock ours;
  const WallTime at_its_answer{784'111'777'000'000'000};  // Sun, 06 Nov 1994 08:49:37 GMT: RFC 9110 5.6.7
  ours.set_wall(at_its_answer);
  const auto heard = clock_of(answer(200, {{"date", "Sun, 06 Nov 1994 11:49:37 GMT"}}), ours);
  REQUIRE(heard);
  CHECK(heard->ahead_of(ours) == std::chrono::hours(3));
  CHECK_FALSE(clock_of(answer(200), ours));

  // Then NTP sets our clock right: the platform's is what it was, and is ahead of ours no longer.
  ours.advance(std::chrono::minutes(5));
  ours.set_wall({ours.wall().ns + Nanoseconds(std::chrono::hours(3)).count()});
  CHECK(heard->ahead_of(ours) == std::chrono::seconds(0));
  CHECK(heard->now(ours) == ours.wall());
}

TEST_CASE("a page where the platform was expected is called what it is") {
  http::ClientRequest request;
  request.url = "http://platform.test/x";
  const CallError error = unexpected_answer(request, answer(302));
  CHECK(error.kind == Kind::kPortal);
  CHECK(error.message.find("sign-in page") != std::string::npos);
  const auto body = json_body(request, answer(200, {}, "<html>Welcome to the hotel</html>"));
  REQUIRE_FALSE(body);
  CHECK(body.error().kind == Kind::kPortal);
}

TEST_CASE("the platform's own sentence reaches the teacher") {
  http::ClientRequest request;
  const CallError error =
      unexpected_answer(request, answer(507, {{"content-type", "application/problem+json"}},
                                        R"({"status":507,"detail":"The platform's disk is full for now."})"));
  CHECK(error.message == "the platform answered 507: The platform's disk is full for now.");
}

TEST_CASE("Retry-After is read in seconds and as a date, against the peer's clock") {
  CHECK(retry_after(answer(503, {{"retry-after", "120"}})) == std::chrono::seconds(120));
  CHECK(retry_after(answer(503, {{"retry-after", "Sun, 06 Nov 1994 08:50:37 GMT"},
                                 {"date", "Sun, 06 Nov 1994 08:49:37 GMT"}})) == std::chrono::seconds(60));
  CHECK(retry_after(answer(503, {{"retry-after", "Sun, 06 Nov 1994 08:48:37 GMT"},
                                 {"date", "Sun, 06 Nov 1994 08:49:37 GMT"}})) == std::chrono::seconds(0));
  CHECK(retry_after(answer(503, {{"retry-after", "999999999"}})) == std::chrono::seconds(86'400));
  CHECK_FALSE(retry_after(answer(503, {{"retry-after", "soon"}})));
  CHECK_FALSE(retry_after(answer(503)));
}
