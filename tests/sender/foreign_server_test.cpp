// The tus client against a server that is not ours. Hidden: tests/system/test_tus_foreign.py starts the
// server, runs these and then looks at what the server stored.

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>

#include "upload/sender/tus_transport.h"

using namespace shilu;
using namespace shilu::sender;

namespace {

std::string from_environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

struct ForeignServer {
  std::string endpoint = from_environment("SHILU_TUS_ENDPOINT");
  std::filesystem::path file = from_environment("SHILU_TUS_FILE");
  std::uint64_t size = std::filesystem::file_size(file);
  http::Client client;
  TusTransport transport{client, endpoint, {}};
  TusClient& tus = transport.tus();
  Parcel parcel{file, size, {}};
  std::uint64_t told = 0;

  UploadWatch watch(std::uint64_t stop_at) {
    return {[this](std::uint64_t offset) {
              told = offset;
              return Status();
            },
            [stop_at](std::uint64_t acked) { return acked < stop_at; },
            {},
            {},
            {}};
  }
};

}  // namespace

TEST_CASE("a foreign tus server takes a whole upload", "[.foreign]") {
  ForeignServer server;
  const auto probed = server.tus.probe(server.endpoint);
  REQUIRE(probed);
  CHECK(probed->has("creation"));
  const auto url = server.transport.begin(server.parcel);
  REQUIRE(url);
  const auto end = server.transport.send_rest(*url, server.parcel, server.watch(server.size + 1));
  REQUIRE(end);
  CHECK(*end == UploadEnd::kComplete);
  CHECK(server.told == server.size);
  CHECK(server.tus.offset(*url) == server.size);
}

TEST_CASE("an upload to a foreign tus server is stopped and goes on", "[.foreign]") {
  ForeignServer server;
  const auto url = server.tus.create(server.endpoint, server.size, {});
  REQUIRE(url);
  const auto first = server.tus.append(*url, server.file, {0, 1'000'003}, {});
  REQUIRE(first);
  CHECK(*first == 1'000'003);
  const auto end = server.transport.send_rest(*url, server.parcel, server.watch(server.size + 1));
  REQUIRE(end);
  CHECK(*end == UploadEnd::kComplete);
}

TEST_CASE("an upload is terminated at a foreign tus server", "[.foreign]") {
  ForeignServer server;
  const auto url = server.tus.create(server.endpoint, server.size, {});
  REQUIRE(url);
  CHECK(server.tus.terminate(*url));
  const auto gone = server.tus.offset(*url);
  REQUIRE_FALSE(gone);
  CHECK(gone.error().kind == CallError::Kind::kGone);
}
