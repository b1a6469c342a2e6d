// One upload, package or review that cannot be read holds up no other.

#include <catch2/catch.hpp>

#include "firmware/base/file_system.h"
#include "tests/base/eventually.h"
#include "tests/platform/platform_fixture.h"
#include "upload/platform/platform_store.h"

using namespace shilu;
using namespace shilu::test;

namespace {

std::string begin_upload(Caller& device) {
  const Answer created = device.call("POST", "/files", "", tus_headers({{"Upload-Length", "10"}}));
  return created.header("location").substr(std::string("/files/").size());
}

platform::PlatformStore store_of(const RunningPlatform& platform) {
  return must(platform::PlatformStore::open(platform.directory() / "platform.sqlite", platform.clock));
}

}  // namespace

TEST_CASE("an upload that cannot be read does not stop those behind it") {
  RunningPlatform platform;
  const Made made = make_package(platform, "a");
  Caller device = platform.device(made.keys);
  const std::string ailing = begin_upload(device);
  platform.stop();
  must(store_of(platform).set_offset(ailing, 10));
  // Stands for a bad sector: it opens, and cannot be read.
  std::filesystem::create_directory(platform.directory() / "uploads" / ailing);
  platform.start();
  Caller again(platform.url(), device.token());
  CHECK(deliver(again, made.file)["state"] == "acknowledged");
}

TEST_CASE("an upload that cannot be removed does not stop the sweep") {
  RunningPlatform platform;
  Caller device = platform.device(platform.home() / "keys");
  const auto uploads = platform.directory() / "uploads";
  const std::string ailing = begin_upload(device);
  const std::string expired = begin_upload(device);
  platform.stop();
  std::filesystem::create_directory(uploads / ailing);
  for (const std::string& name : {expired, std::string("of-nobody")}) write_bytes(uploads / name, Bytes(10));
  platform.clock.advance(std::chrono::hours(8 * 24));
  platform.start();
  CHECK(eventually([&] { return must(posix_file_system().list(uploads)).size() == 1; }));
  CHECK(std::filesystem::is_directory(uploads / ailing));
}

TEST_CASE("a review that cannot be read does not keep other packages from their assessors") {
  RunningPlatform platform(1);
  Caller device = platform.device(platform.home() / "keys");
  const Made ailing = make_package(platform, "a", {.point = "A5"});
  deliver(device, ailing.file);
  platform.clock.advance(std::chrono::seconds(1));  // the ailing one comes first
  deliver(device, make_package(platform, "b").file);
  platform.stop();
  {
    auto store = store_of(platform);
    must(store.hand_in(must(store.reviews_of_package(ailing.sha256)).front().id, R"({"pieces":3})"));
  }
  platform.write_accounts(2);
  platform.start();
  Caller second = platform.assessor("E02");
  CHECK(eventually([&] { return second.get("/api/v1/review/queue").json()["items"].size() == 2; }));
}
