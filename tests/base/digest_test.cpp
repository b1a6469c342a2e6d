#include "firmware/base/digest.h"

#include <catch2/catch.hpp>
#include <set>

#include "firmware/base/file_system.h"
#include "tests/base/temporary_directory.h"

using namespace shilu;

namespace {
// FIPS 180-4 examples (csrc.nist.gov, SHA256.pdf) and its long message of a million "a".
const std::string kAbc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
const std::string kTwoBlocks = "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1";
const std::string kEmpty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
const std::string kMillion = "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0";
}  // namespace

TEST_CASE("SHA-256 gives the digests of FIPS 180-4") {
  CHECK(to_hex(sha256("")) == kEmpty);
  CHECK(to_hex(sha256("abc")) == kAbc);
  CHECK(to_hex(sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")) == kTwoBlocks);
  CHECK(to_hex(sha256(std::string(1'000'000, 'a'))) == kMillion);
}

TEST_CASE("SHA-256 does not care how the message is cut") {
  Sha256 hash;
  std::size_t rest = 1'000'000;
  for (std::size_t block = 1; rest > 0; block = block * 3 + 1) {
    const auto now = std::min(block, rest);
    hash.update(Bytes(now, 'a'));
    hash.update({});
    rest -= now;
  }
  Sha256 moved = std::move(hash);
  CHECK(to_hex(moved.finish()) == kMillion);
}

TEST_CASE("the digest of a file is that of its bytes, beyond one block too") {
  const test::TemporaryDirectory directory;
  REQUIRE(write_file_atomic(directory / "empty", {}));
  CHECK(to_hex(sha256_file(directory / "empty").value()) == kEmpty);
  const Bytes large((1u << 20) + 7, 'a');
  REQUIRE(write_file_atomic(directory / "large", large));
  CHECK(sha256_file(directory / "large").value() == sha256(large));
  CHECK(sha256_file(directory / "none").error().kind == ErrorKind::kNotFound);
}

TEST_CASE("a digest is read only as 64 lower-case digits") {
  CHECK(digest_from_hex(kAbc).value() == sha256("abc"));
  CHECK_FALSE(digest_from_hex(kAbc.substr(1)));
  CHECK_FALSE(digest_from_hex(kAbc + "00"));
  CHECK_FALSE(digest_from_hex("BA" + kAbc.substr(2)));
  CHECK_FALSE(digest_from_hex("zz" + kAbc.substr(2)));
}

TEST_CASE("CRC-32 gives its check value and can be continued") {
  CHECK(crc32(as_bytes("123456789")) == 0xcbf43926u);  // the catalogue's check value of CRC-32/ISO-HDLC
  CHECK(crc32(as_bytes("56789"), crc32(as_bytes("1234"))) == 0xcbf43926u);
  CHECK(crc32({}) == 0);
  CHECK(crc32({}, crc32(as_bytes("123456789"))) == 0xcbf43926u);
}

TEST_CASE("HMAC-SHA-256 gives the vectors of RFC 4231") {
  CHECK(to_hex(hmac_sha256(Bytes(20, 0x0b), as_bytes("Hi There"))) ==
        "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  CHECK(to_hex(hmac_sha256(as_bytes("Jefe"), as_bytes("what do ya want for nothing?"))) ==
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  CHECK(to_hex(hmac_sha256(Bytes(131, 0xaa),
                           as_bytes("Test Using Larger Than Block-Size Key - Hash Key First"))) ==
        "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

TEST_CASE("HMAC-SHA-256 takes an empty key and an empty message") {
  // python3: hmac.new(b'', b'', 'sha256').hexdigest()
  CHECK(to_hex(hmac_sha256({}, {})) == "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

TEST_CASE("random bytes have the asked length and do not repeat") {
  std::set<Bytes> seen;
  for (int i = 0; i < 100; ++i) seen.insert(random_bytes(16));
  CHECK(seen.size() == 100);
  CHECK(seen.begin()->size() == 16);
  CHECK(random_bytes(0).empty());
  CHECK(random_bytes(100'000).size() == 100'000);
}
