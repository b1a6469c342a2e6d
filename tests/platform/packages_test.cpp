// What becomes of packages that arrive: receipts, reasons, restarts.

#include <catch2/catch.hpp>

#include "firmware/base/digest.h"
#include "firmware/base/file_system.h"
#include "tests/base/eventually.h"
#include "tests/platform/platform_fixture.h"
#include "upload/evidence/receipt.h"
#include "upload/platform/platform_store.h"

using namespace shilu;
using namespace shilu::test;

namespace {

DsseEnvelope envelope(const Json& json) {
  return must(DsseEnvelope::from_json(canonical_json(json)));
}

std::string first_code(const Json& state) {
  return state["state"] == "rejected" ? state["reasons"][0]["code"].get<std::string>() : state.dump();
}

std::size_t files_in(const std::filesystem::path& directory) {
  return must(posix_file_system().list(directory)).size();
}

}  // namespace

TEST_CASE("a sound package is acknowledged with a receipt that the platform signed") {
  RunningPlatform platform;
  const Made made = make_package(platform, "a");
  Caller device = platform.device(made.keys);
  const Json state = deliver(device, made.file);
  INFO(state.dump());
  REQUIRE(state["state"] == "acknowledged");
  CHECK(state["reasons"].empty());
  CHECK(state["verdict"].is_null());
  const auto receipt = must(evidence::open_receipt(envelope(state["receipt"]), platform.receipt_key()));
  CHECK(receipt.number == "R-2026-000001");
  CHECK(to_hex(receipt.package_sha256) == made.sha256);
  CHECK(receipt.size_bytes == std::filesystem::file_size(made.file));
  CHECK(receipt.received_utc == "2026-05-28T20:26:40.000Z");  // date -u -d @1780000000
  CHECK(receipt.log_index == 1);
  CHECK(receipt.platform == "测试平台");
  std::map<std::string, std::string> facts(receipt.facts.begin(), receipt.facts.end());
  CHECK(facts["structure"] == "intact");
  CHECK(facts["device"] == "known");
  CHECK(facts["continuity"] == "whole-with-declared-gaps");
  CHECK(facts["teacher"] == "signed-in");
  CHECK(read_bytes(platform.directory() / "packages" / (made.sha256 + ".zip")) == read_bytes(made.file));
  CHECK(files_in(platform.directory() / "uploads") == 0);
}

TEST_CASE("receipts are numbered one after the other, over restarts") {
  RunningPlatform platform;
  const Made first = make_package(platform, "first");
  Caller device = platform.device(first.keys);
  deliver(device, first.file);
  platform.restart();
  const Made second = make_package(platform, "second", {.point = "A5"});
  Caller again(platform.url(), device.token());
  const Json state = deliver(again, second.file);
  INFO(state.dump());
  const auto receipt = must(evidence::open_receipt(envelope(state["receipt"]), platform.receipt_key()));
  CHECK(receipt.number == "R-2026-000002");
  CHECK(again.get("/api/v1/submissions/" + first.sha256).json()["state"] == "acknowledged");
}

TEST_CASE("what is no sound package is rejected with a reason, and its bytes are not kept") {
  RunningPlatform platform;
  const Made made = make_package(platform, "a");
  Caller device = platform.device(made.keys);
  const std::filesystem::path file = platform.home() / "changed.zip";
  const auto delivered = [&](const Bytes& bytes) {
    write_bytes(file, bytes);
    return first_code(deliver(device, file));
  };
  CHECK(delivered(Bytes(5000, 'x')) == "package-altered");
  CHECK(delivered(Bytes(1, 0)) == "package-altered");
  Bytes bytes = read_bytes(made.file);
  bytes.pop_back();
  CHECK(delivered(bytes) == "package-altered");
  bytes = read_bytes(made.file);
  bytes[bytes.size() / 2] ^= 1;
  CHECK(delivered(bytes) == "contents-altered");

  Pieces pieces = take_apart(made.file);
  pieces.files["data/evidence.json"] = to_bytes("{}");
  pieces.make_manifests();
  pieces.write(file);
  CHECK(first_code(deliver(device, file)) == "contents-altered");
  pieces = take_apart(made.file);
  pieces.files.erase("seal.json");
  pieces.write(file);
  CHECK(first_code(deliver(device, file)) == "seal-missing");
  pieces = take_apart(made.file);
  pieces.files.erase("identity.box");
  pieces.write(file);
  CHECK(first_code(deliver(device, file)) == "identity-missing");
  CHECK(eventually([&] { return files_in(platform.directory() / "packages") == 0; }));
}

TEST_CASE("a package says whose it is to this platform, or it is rejected") {
  RunningPlatform platform;
  const Made nobody = make_package(platform, "nobody", {.identity = false});
  Caller device = platform.device(nobody.keys);
  CHECK(first_code(deliver(device, nobody.file)) == "identity-missing");

  RunningPlatform elsewhere;
  const Made foreign = make_package(elsewhere, "foreign");
  Caller foreign_device = platform.device(foreign.keys);
  CHECK(first_code(deliver(foreign_device, foreign.file)) == "identity-unreadable");
}

TEST_CASE(
    "a package of a device that the platform does not know is rejected, and taken once it is enrolled") {
  RunningPlatform platform;
  const Made made = make_package(platform, "a");
  Caller other = platform.device(platform.home() / "other-keys");
  const std::string bytes(as_text(read_bytes(made.file)));
  REQUIRE(first_code(deliver(other, made.file)) == "device-unknown");

  Caller device = platform.device(made.keys);
  CHECK(device.get("/api/v1/submissions/" + made.sha256).json()["state"] == "rejected");
  CHECK(device.post("/api/v1/submissions", offer_of(bytes)).json()["answer"] == "send");
  CHECK(device.get("/api/v1/submissions/" + made.sha256).status == 404);
  CHECK(deliver(device, made.file)["state"] == "acknowledged");
}

TEST_CASE("a rejected package that comes again without an offer is looked at again") {
  RunningPlatform platform;
  const Made made = make_package(platform, "a");
  Caller other = platform.device(platform.home() / "other-keys");
  REQUIRE(first_code(deliver(other, made.file)) == "device-unknown");
  Caller device = platform.device(made.keys);
  upload_whole(device, std::string(as_text(read_bytes(made.file))), made.sha256);
  CHECK(eventually(
      [&] { return device.get("/api/v1/submissions/" + made.sha256).json()["state"] == "acknowledged"; }));
}

TEST_CASE("what the catalogue does not know is not judged") {
  RunningPlatform platform;
  const Made other = make_package(platform, "other", {.catalogue = "cn-3.0"});
  Caller device = platform.device(other.keys);
  CHECK(first_code(deliver(device, other.file)) == "catalogue-unknown");
  CHECK(first_code(deliver(device, make_package(platform, "unknown", {.point = "Z9"}).file)) ==
        "point-unknown");
}

TEST_CASE("an upload that is not what was announced is dropped, and the device sends it again") {
  RunningPlatform platform;
  const Made made = make_package(platform, "a");
  Caller device = platform.device(made.keys);
  std::string bytes(as_text(read_bytes(made.file)));
  bytes[100] = static_cast<char>(bytes[100] ^ 1);
  const std::string path = upload_whole(device, bytes, made.sha256);
  CHECK(eventually([&] { return device.get("/api/v1/submissions/" + made.sha256).status == 404; }));
  CHECK(device.call("HEAD", path, "", tus_headers()).status == 404);
  CHECK(eventually([&] { return files_in(platform.directory() / "uploads") == 0; }));
  CHECK(deliver(device, made.file)["state"] == "acknowledged");
}

TEST_CASE("without an announced digest the platform takes that of what came") {
  RunningPlatform platform;
  const Made made = make_package(platform, "a");
  Caller device = platform.device(made.keys);
  const std::string path = upload_whole(device, std::string(as_text(read_bytes(made.file))));
  CHECK(eventually([&] { return device.get("/api/v1/submissions/" + made.sha256).status == 200; }));
  CHECK(final_state(device, made.sha256)["state"] == "acknowledged");
  const Answer head = device.call("HEAD", path, "", tus_headers());  // the last answer may have got lost
  CHECK(head.status == 200);
  CHECK(head.header("upload-offset") == head.header("upload-length"));
  CHECK(device.call("DELETE", path, "", tus_headers()).status == 409);
}

TEST_CASE("a package that is sent twice is one package with one receipt") {
  RunningPlatform platform;
  const Made made = make_package(platform, "a");
  Caller device = platform.device(made.keys);
  const Json first = deliver(device, made.file);
  Caller other = platform.device(platform.home() / "other");
  upload_whole(other, std::string(as_text(read_bytes(made.file))), made.sha256);
  CHECK(eventually([&] { return files_in(platform.directory() / "uploads") == 0; }));
  CHECK(final_state(other, made.sha256) == first);
  CHECK(files_in(platform.directory() / "packages") == 1);
}

TEST_CASE("a restart goes on where verification was cut off") {
  RunningPlatform platform;
  const Made made = make_package(platform, "a");
  Caller device = platform.device(made.keys);
  const std::string bytes(as_text(read_bytes(made.file)));
  const std::string path =
      device
          .call("POST", "/files", "",
                tus_headers({{"Upload-Length", std::to_string(bytes.size())},
                             {"Upload-Metadata", "package_sha256 " + to_base64(as_bytes(made.sha256))}}))
          .header("location");
  platform.stop();
  const std::filesystem::path uploaded =
      platform.directory() / path.substr(1 + std::string("files").size() + 1);
  const std::filesystem::path upload = platform.directory() / "uploads" / uploaded.filename();
  const std::filesystem::path package = platform.directory() / "packages" / (made.sha256 + ".zip");
  auto store = must(platform::PlatformStore::open(platform.directory() / "platform.sqlite", platform.clock));
  const std::string id = uploaded.filename().string();
  const auto size = static_cast<std::int64_t>(bytes.size());

  SECTION("after the last byte") {
    write_bytes(upload, read_bytes(made.file));
    must(store.set_offset(id, size));
  }
  SECTION("after the package was put under its digest") {
    write_bytes(upload, read_bytes(made.file));
    must(store.set_offset(id, size));
    std::filesystem::create_hard_link(upload, package);
  }
  SECTION("after the store knew of the package") {
    write_bytes(upload, read_bytes(made.file));
    must(store.set_offset(id, size));
    std::filesystem::create_hard_link(upload, package);
    must(store.begin_verification(*must(store.upload(id)), made.sha256));
  }
  SECTION("after the upload's name was removed") {
    write_bytes(package, read_bytes(made.file));
    must(store.set_offset(id, size));
    must(store.begin_verification(*must(store.upload(id)), made.sha256));
  }
  store = must(platform::PlatformStore::open(platform.home() / "unused.sqlite", platform.clock));
  platform.start();
  Caller again(platform.url(), device.token());
  CHECK(final_state(again, made.sha256)["state"] == "acknowledged");
  CHECK(eventually([&] { return files_in(platform.directory() / "uploads") == 0; }));
}

TEST_CASE("a package that the disk lost before it was verified is sent again") {
  RunningPlatform platform;
  const Made made = make_package(platform, "a");
  Caller device = platform.device(made.keys);
  const std::string path =
      device.call("POST", "/files", "", tus_headers({{"Upload-Length", "10"}})).header("location");
  platform.stop();
  {
    auto store =
        must(platform::PlatformStore::open(platform.directory() / "platform.sqlite", platform.clock));
    const std::string id = path.substr(std::string("/files/").size());
    must(store.set_offset(id, 10));
    must(store.begin_verification(*must(store.upload(id)), made.sha256));
  }
  platform.start();
  Caller again(platform.url(), device.token());
  CHECK(eventually([&] { return again.get("/api/v1/submissions/" + made.sha256).status == 404; }));
  CHECK(deliver(again, made.file)["state"] == "acknowledged");
}

TEST_CASE("files that belong to nothing are swept, keys are for the owner only") {
  RunningPlatform platform;
  platform.stop();
  write_bytes(platform.directory() / "uploads" / "01938b6e-7e5f-7cc3-8b12-0a5a3c9f2e11", Bytes(10));
  write_bytes(platform.directory() / "packages" / (std::string(64, 'a') + ".zip"), Bytes(10));
  platform.start();
  CHECK(eventually([&] {
    return files_in(platform.directory() / "uploads") + files_in(platform.directory() / "packages") == 0;
  }));
  using std::filesystem::perms;
  for (const char* name : {"receipt.key", "identity.key"}) {
    const auto mode = std::filesystem::status(platform.directory() / "keys" / name).permissions();
    CHECK(mode == (perms::owner_read | perms::owner_write));
  }
  CHECK(std::filesystem::status(platform.directory() / "keys").permissions() == perms::owner_all);
}
