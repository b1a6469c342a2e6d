#include "upload/sender/hand_over.h"

#include <sys/stat.h>

#include <catch2/catch.hpp>

#include "firmware/base/file_system.h"
#include "tests/base/temporary_directory.h"
#include "upload/sender/stick_files.h"

using namespace shilu;
using namespace shilu::sender;

namespace {

namespace fs = std::filesystem;

std::string text_in(const fs::path& file) {
  return read_text_file(file).value_or("(none)");
}

// A package at home, a stick, and a file at home that the stick has no business with.
struct Desk {
  test::TemporaryDirectory home, stick;
  fs::path package = home / "package.zip", secret = home / "device.key";
  std::string bytes = std::string(3'000'000, 'p');
  HandOver what{sha256(bytes), bytes.size(), "cn-moe-2.0", "A6"};

  Desk() {
    REQUIRE(write_file_atomic(package, as_bytes(bytes)));
    REQUIRE(write_file_atomic(secret, as_bytes(std::string_view("the key"))));
  }
  fs::path on_stick(std::string_view ending) const {
    return stick / (to_hex(what.package_sha256) + std::string(ending));
  }
  void plant(std::string_view ending) const { fs::create_symlink(secret, on_stick(ending)); }
};

}  // namespace

TEST_CASE("a package that is handed out is read back, and the second time it is there") {
  const Desk desk;
  CHECK(hand_out(desk.stick.path(), desk.package, desk.what) == HandedOut::kNow);
  CHECK(text_in(desk.on_stick(".zip")) == desk.bytes);
  CHECK(hand_out(desk.stick.path(), desk.package, desk.what) == HandedOut::kBefore);
}

TEST_CASE("links that lie in wait on the stick are replaced, not followed") {
  const Desk desk;
  for (const char* ending : {".zip.part", ".zip", ".zip.request.json"}) desk.plant(ending);
  CHECK(hand_out(desk.stick.path(), desk.package, desk.what) == HandedOut::kNow);
  CHECK(text_in(desk.secret) == "the key");
  for (const char* ending : {".zip", ".zip.request.json"}) {
    CAPTURE(ending);
    CHECK(fs::is_regular_file(fs::symlink_status(desk.on_stick(ending))));
  }
  CHECK(text_in(desk.on_stick(".zip")) == desk.bytes);
}

TEST_CASE("nothing behind a link, in a pipe or in a folder is read from a stick") {
  const Desk desk;
  desk.plant(".zip");
  const auto digest = sha256_on_stick(desk.on_stick(".zip"));
  REQUIRE_FALSE(digest);
  CHECK(digest.error().kind == ErrorKind::kPermissionDenied);
  CHECK_FALSE(read_text_on_stick(desk.on_stick(".zip"), 100));
  REQUIRE(::mkfifo((desk.stick / "pipe").c_str(), 0600) == 0);
  CHECK_FALSE(read_text_on_stick(desk.stick / "pipe", 100));
  CHECK_FALSE(read_text_on_stick(desk.stick.path(), 100));
  REQUIRE(write_file_atomic(desk.stick / "text", as_bytes(std::string_view("12345"))));
  CHECK(read_text_on_stick(desk.stick / "text", 5) == "12345");
  CHECK_FALSE(read_text_on_stick(desk.stick / "text", 4));
}

TEST_CASE("a request that is damaged is written anew") {
  const Desk desk;
  REQUIRE(hand_out(desk.stick.path(), desk.package, desk.what));
  REQUIRE(write_file_atomic(desk.on_stick(".zip.request.json"), as_bytes(std::string_view("{\"form"))));
  CHECK(hand_out(desk.stick.path(), desk.package, desk.what) == HandedOut::kNow);
  CHECK(hand_out(desk.stick.path(), desk.package, desk.what) == HandedOut::kBefore);
}
