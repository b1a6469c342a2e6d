#include "firmware/base/sealed_box.h"

#include <sys/stat.h>

#include <catch2/catch.hpp>

#include "firmware/base/file_system.h"
#include "tests/base/temporary_directory.h"

using namespace shilu;

TEST_CASE("a sealed box opens with its key and gives the message") {
  const auto keys = BoxKeyPair::generate();
  const auto box = seal_box(as_bytes("王老师"), keys.public_key).value();
  CHECK(box.size() == std::string("王老师").size() + 48);  // crypto_box_SEALBYTES
  CHECK(as_text(open_box(box, keys).value()) == "王老师");
  CHECK(open_box(seal_box({}, keys.public_key).value(), keys).value().empty());
}

TEST_CASE("the same message is sealed differently each time") {
  const auto keys = BoxKeyPair::generate();
  CHECK(seal_box(as_bytes("m"), keys.public_key).value() != seal_box(as_bytes("m"), keys.public_key).value());
}

TEST_CASE("a box that was changed, cut or meant for another does not open") {
  const auto keys = BoxKeyPair::generate();
  const auto box = seal_box(as_bytes("secret"), keys.public_key).value();
  for (std::size_t i = 0; i < box.size(); ++i) {
    auto changed = box;
    changed[i] ^= 1u;
    REQUIRE_FALSE(open_box(changed, keys));
  }
  CHECK_FALSE(open_box(ByteView(box).first(box.size() - 1), keys));
  CHECK_FALSE(open_box({}, keys));
  CHECK_FALSE(open_box(box, BoxKeyPair::generate()));
  CHECK_FALSE(open_box(box, BoxKeyPair{}));
  CHECK_FALSE(seal_box(as_bytes("m"), ByteView(keys.public_key).first(31)));
}

TEST_CASE("a box key file is made once, readable by its owner only, and then kept") {
  const test::TemporaryDirectory directory;
  const auto file = (directory / "box.key").string();
  const auto made = BoxKeyPair::load_or_create(file).value();
  const auto again = BoxKeyPair::load_or_create(file).value();
  CHECK(again.secret_key == made.secret_key);
  CHECK(again.public_key == made.public_key);
  struct stat info {};
  REQUIRE(::stat(file.c_str(), &info) == 0);
  CHECK((info.st_mode & 07777) == 0600);
  CHECK(read_text_file(file).value() == to_base64(made.secret_key) + "\n");
  REQUIRE(write_file_atomic(file, as_bytes("AAAA\n")));
  CHECK(BoxKeyPair::load_or_create(file).error().kind == ErrorKind::kCorrupted);
}

TEST_CASE("the public half belongs to the secret half as RFC 7748 computes it") {
  // RFC 7748 section 6.1: Alice's private key, a, and her public key, X25519(a, 9).
  const test::TemporaryDirectory directory;
  const auto secret = from_hex("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a").value();
  REQUIRE(write_file_atomic(directory / "alice", as_bytes(to_base64(secret) + "\n")));
  const auto keys = BoxKeyPair::load_or_create((directory / "alice").string()).value();
  CHECK(to_hex(ByteView(keys.public_key)) ==
        "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a");
}

TEST_CASE("a PIN is kept as an Argon2id string and only the right one matches") {
  const auto hash = hash_password("135790").value();
  CHECK_THAT(hash, Catch::StartsWith("$argon2id$v=19$"));
  CHECK(password_matches(hash, "135790"));
  CHECK_FALSE(password_matches(hash, "135791"));
  CHECK_FALSE(password_matches(hash, ""));
  CHECK_FALSE(password_matches("", "135790"));
  CHECK_FALSE(password_matches("nonsense", "135790"));
  CHECK(hash_password("135790").value() != hash);
  CHECK(hash.starts_with("$argon2id$v=19$m=65536,t=2,p=1$"));
  const auto cheap = hash_password("135790", {1, 8192}).value();
  CHECK(cheap.starts_with("$argon2id$v=19$m=8,t=1,p=1$"));
  CHECK(password_matches(cheap, "135790"));
}
