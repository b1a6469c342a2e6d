// Trust: certificates made with openssl, served by Python.

#include <catch2/catch.hpp>

#include "firmware/http/client.h"
#include "tests/http/http_fixture.h"
#include "tests/http/script_server.h"

using namespace shilu;
using namespace shilu::http;
using namespace shilu::http::test;

namespace {

struct SecureSite {
  TempDir dir;
  SecureSite() {
    run_command(
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost "
        "-addext subjectAltName=IP:127.0.0.1 -keyout " +
        dir.path("key.pem") + " -out " + dir.path("cert.pem"));
    pin = "sha256//" +
          run_command("openssl x509 -in " + dir.path("cert.pem") +
                      " -pubkey -noout | openssl pkey -pubin -outform der | openssl dgst -sha256 -binary | "
                      "openssl base64 -A");
  }
  std::string pin;
};

Result<ClientResponse> fetch(const ScriptServer& server, const ClientOptions& options) {
  ClientRequest request;
  request.url = "https://127.0.0.1:" + std::to_string(server.port()) + "/";
  return Client(options).perform(request);
}

}  // namespace

TEST_CASE("a certificate is trusted through the school's own CA file, and a pin must fit as well") {
  SecureSite site;
  ScriptServer server("python3 " + script("recording_server.py") + " " + site.dir.path("cert.pem") + " " +
                      site.dir.path("key.pem"));

  auto stranger = fetch(server, {});
  REQUIRE_FALSE(stranger);
  CHECK(stranger.error().kind == ErrorKind::kPermissionDenied);
  CHECK(stranger.error().message.find("is not trusted") != std::string::npos);

  ClientOptions trusting;
  trusting.ca_file = site.dir.path("cert.pem");
  auto trusted = fetch(server, trusting);
  REQUIRE(trusted);
  CHECK(trusted->status == 200);

  trusting.pinned_keys = site.pin;
  CHECK(fetch(server, trusting).has_value());
  trusting.pinned_keys = "sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
  auto wrong_pin = fetch(server, trusting);
  REQUIRE_FALSE(wrong_pin);
  CHECK(wrong_pin.error().kind == ErrorKind::kPermissionDenied);
  CHECK(wrong_pin.error().message.find("pinned") != std::string::npos);

  trusting.ca_file = site.dir.path("none.pem");
  CHECK(fetch(server, trusting).error().kind == ErrorKind::kPermissionDenied);
}

TEST_CASE("a certificate for another host is not trusted") {
  SecureSite site;
  run_command(
      "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=other "
      "-addext subjectAltName=DNS:other.example -keyout " +
      site.dir.path("key.pem") + " -out " + site.dir.path("cert.pem"));
  ScriptServer server("python3 " + script("recording_server.py") + " " + site.dir.path("cert.pem") + " " +
                      site.dir.path("key.pem"));
  ClientOptions trusting;
  trusting.ca_file = site.dir.path("cert.pem");
  auto answer = fetch(server, trusting);
  REQUIRE_FALSE(answer);
  CHECK(answer.error().kind == ErrorKind::kPermissionDenied);
}

TEST_CASE("a server that does not speak TLS is unavailable") {
  ScriptServer server("python3 " + script("recording_server.py"));
  auto answer = fetch(server, {});
  REQUIRE_FALSE(answer);
  CHECK(answer.error().kind == ErrorKind::kUnavailable);
}
