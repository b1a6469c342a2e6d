#include "upload/sender/hand_over.h"

#include <sys/stat.h>

#include <catch2/catch.hpp>

#include "firmware/base/file_system.h"
#include "tests/base/temporary_directory.h"
#include "upload/evidence/receipt.h"
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

Status put(const fs::path& file, std::string_view text) {
  return write_file_atomic(file, as_bytes(text));
}

std::string receipt_for(const Digest& package, const SigningKey& signer) {
  evidence::Receipt receipt;
  receipt.number = "R-2026-000001";
  receipt.package_sha256 = package;
  receipt.size_bytes = 1;
  receipt.received_utc = "2026-11-28T08:00:00.000Z";
  receipt.platform = "test";
  return evidence::sign_receipt(receipt, signer).value().to_json();
}

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
  REQUIRE(put(desk.stick / "text", "12345"));
  CHECK(read_text_on_stick(desk.stick / "text", 5) == "12345");
  CHECK_FALSE(read_text_on_stick(desk.stick / "text", 4));
}

TEST_CASE("a request that is damaged is written anew") {
  const Desk desk;
  REQUIRE(hand_out(desk.stick.path(), desk.package, desk.what));
  REQUIRE(put(desk.on_stick(".zip.request.json"), "{\"form"));
  CHECK(hand_out(desk.stick.path(), desk.package, desk.what) == HandedOut::kNow);
  CHECK(hand_out(desk.stick.path(), desk.package, desk.what) == HandedOut::kBefore);
}

TEST_CASE("a bad file on a stick is told and hides no other; names that are not ours are nobody's business") {
  const Desk desk;
  const SigningKey platform = SigningKey::generate();
  REQUIRE(hand_out(desk.stick.path(), desk.package, desk.what));
  REQUIRE(put(desk.on_stick(".zip.receipt.json"), receipt_for(desk.what.package_sha256, platform)));
  const std::string name = to_hex(desk.what.package_sha256);
  for (const std::string& litter : {"._" + name, std::string("old"), std::string()}) {
    REQUIRE(put(desk.stick / (litter + ".zip.request.json"), "\x05\x16"));
    REQUIRE(put(desk.stick / (litter + ".zip.receipt.json"), "\x05\x16"));
  }
  CHECK(requests_in(desk.stick.path())->bad.empty());
  CHECK(receipts_in(desk.stick.path())->bad.empty());

  const std::string torn(64, '0'), swapped(64, '1');
  REQUIRE(put(desk.stick / (torn + ".zip.request.json"), "{\"form"));
  REQUIRE(put(desk.stick / (torn + ".zip.receipt.json"), ""));
  REQUIRE(put(desk.stick / (swapped + ".zip.request.json"), text_in(desk.on_stick(".zip.request.json"))));
  const auto requests = requests_in(desk.stick.path());
  REQUIRE(requests);
  REQUIRE(requests->good.size() == 1);
  CHECK(requests->good[0] == desk.what);
  REQUIRE(requests->bad.size() == 2);
  CHECK(requests->bad[0].message.find(torn) != std::string::npos);
  const auto receipts = receipts_in(desk.stick.path());
  REQUIRE(receipts);
  CHECK(receipts->good.size() == 1);
  CHECK(receipts->bad.size() == 1);
}

TEST_CASE("only a receipt of the platform's key for just this package means that it was delivered") {
  const Desk desk;
  const SigningKey platform = SigningKey::generate();
  const auto delivered = [&] { return has_receipt(desk.stick.path(), desk.what, platform.public_key()); };
  const auto lay = [&](std::string_view text) { REQUIRE(put(desk.on_stick(".zip.receipt.json"), text)); };
  CHECK_FALSE(delivered());
  lay("");
  CHECK_FALSE(delivered());
  lay(receipt_for(desk.what.package_sha256, SigningKey::generate()));
  CHECK_FALSE(delivered());
  lay(receipt_for(sha256(std::string("another")), platform));
  CHECK_FALSE(delivered());
  lay(receipt_for(desk.what.package_sha256, platform));
  CHECK(delivered());
}
