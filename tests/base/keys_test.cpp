#include "firmware/base/keys.h"

#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <thread>

#include "firmware/base/file_system.h"
#include "tests/base/temporary_directory.h"

using namespace shilu;

namespace {

struct Vector {
  std::string seed, public_key, message, signature;
};

// RFC 8032 section 7.1, TEST 1 to 3.
const std::vector<Vector> kVectors{
    {"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
     "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
     "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46b"
     "d25bf5f0595bbe24655141438e7a100b"},
    {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
     "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
     "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c"
     "387b2eaeb4302aeeb00d291612bb0c00"},
    {"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
     "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
     "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc659"
     "4a7c15e9716ed28dc027beceea1ec40a"}};

// RFC 8410: what stands in front of the 32 bytes of the key.
const std::string kPrivatePrefix = "302e020100300506032b657004220420";
const std::string kPublicPrefix = "302a300506032b6570032100";

std::string private_pem(const std::string& seed) {
  const auto der = from_hex(kPrivatePrefix + seed).value();
  return "-----BEGIN PRIVATE KEY-----\n" + to_base64(der) + "\n-----END PRIVATE KEY-----\n";
}
Bytes public_der(const std::string& key) {
  return from_hex(kPublicPrefix + key).value();
}

}  // namespace

TEST_CASE("Ed25519 signs and verifies the vectors of RFC 8032") {
  for (const auto& vector : kVectors) {
    const auto message = from_hex(vector.message).value();
    const auto signature = from_hex(vector.signature).value();
    const auto key = SigningKey::from_pem(private_pem(vector.seed)).value();
    CHECK(key.sign(message).value() == signature);
    const auto known = PublicKey::from_der(public_der(vector.public_key)).value();
    CHECK(key.public_key() == known);
    CHECK(known.verify(message, signature));
  }
}

TEST_CASE("a changed message, signature or key does not verify") {
  const auto& vector = kVectors[2];
  const auto key = PublicKey::from_der(public_der(vector.public_key)).value();
  const auto message = from_hex(vector.message).value();
  const auto signature = from_hex(vector.signature).value();
  for (std::size_t bit = 0; bit < signature.size() * 8; ++bit) {
    auto changed = signature;
    changed[bit / 8] = static_cast<std::uint8_t>(changed[bit / 8] ^ (1u << bit % 8));
    REQUIRE_FALSE(key.verify(message, changed));
  }
  CHECK_FALSE(key.verify(as_bytes("other"), signature));
  CHECK_FALSE(key.verify(message, ByteView(signature).first(63)));
  CHECK_FALSE(key.verify(message, {}));
  CHECK_FALSE(SigningKey::generate().public_key().verify(message, signature));
  CHECK_FALSE(PublicKey().verify(message, signature));
}

TEST_CASE("a key is named by the SHA-256 of its SubjectPublicKeyInfo") {
  const auto der = public_der(kVectors[0].public_key);
  const auto key = PublicKey::from_der(der).value();
  CHECK(key.id() == "sha256:" + to_hex(sha256(der)));
  CHECK(PublicKey::from_pem(key.pem()).value().id() == key.id());
}

TEST_CASE("keys survive being written as PEM") {
  const auto key = SigningKey::generate();
  const auto again = SigningKey::from_pem(key.file_text()).value();
  CHECK(again.public_key() == key.public_key());
  CHECK(again.sign(as_bytes("m")).value() == key.sign(as_bytes("m")).value());
  CHECK(SigningKey::generate().public_key().id() != key.public_key().id());
}

TEST_CASE("what is no Ed25519 key is refused") {
  // An X25519 key (RFC 8410, OID 1.3.101.110) is as long but does not sign.
  const auto x25519 = from_hex("302a300506032b656e032100" + kVectors[0].public_key).value();
  CHECK_FALSE(PublicKey::from_der(x25519));
  CHECK_FALSE(PublicKey::from_pem(""));
  CHECK_FALSE(PublicKey::from_pem(SigningKey::generate().file_text()));
  CHECK_FALSE(SigningKey::from_pem(SigningKey::generate().public_key().pem()));
  CHECK_FALSE(SigningKey::from_pem("not a key"));
  auto longer = public_der(kVectors[0].public_key);
  longer.push_back(0);
  CHECK_FALSE(PublicKey::from_der(longer));
  CHECK_FALSE(PublicKey::from_der({}));
}

TEST_CASE("a key file is made once, readable by its owner only, and then kept") {
  const test::TemporaryDirectory directory;
  const auto file = directory / "device.key";
  CHECK(SigningKey::load(file).error().kind == ErrorKind::kNotFound);
  const auto made = SigningKey::load_or_create(file).value();
  struct stat info {};
  REQUIRE(::stat(file.c_str(), &info) == 0);
  CHECK((info.st_mode & 07777) == 0600);
  CHECK(SigningKey::load_or_create(file).value().public_key() == made.public_key());
  CHECK(SigningKey::load(file).value().public_key() == made.public_key());
}

TEST_CASE("of many that make the same key file at once all get one key") {
  const test::TemporaryDirectory directory;
  std::vector<std::string> ids(8);
  std::vector<std::thread> threads;
  for (auto& id : ids) {
    threads.emplace_back([&] { id = SigningKey::load_or_create(directory / "k").value().public_key().id(); });
  }
  for (auto& thread : threads) thread.join();
  for (const auto& id : ids) CHECK(id == ids[0]);
  CHECK(posix_file_system().list(directory.path()).value() == std::vector<std::string>{"k"});
}

TEST_CASE("a damaged key file is an error, never replaced by a new key") {
  const test::TemporaryDirectory directory;
  REQUIRE(write_file_atomic(directory / "k", as_bytes("garbage")));
  CHECK(SigningKey::load_or_create(directory / "k").error().kind == ErrorKind::kCorrupted);
  CHECK(read_text_file(directory / "k").value() == "garbage");
}

TEST_CASE("every public key of a file is read, in order") {
  const test::TemporaryDirectory directory;
  const auto first = SigningKey::generate().public_key();
  const auto second = SigningKey::generate().public_key();
  REQUIRE(
      write_file_atomic(directory / "trust.pem", as_bytes("# school\n" + first.pem() + "\n" + second.pem())));
  const auto keys = load_public_keys(directory / "trust.pem").value();
  REQUIRE(keys.size() == 2);
  CHECK(keys[0] == first);
  CHECK(keys[1] == second);
}

TEST_CASE("a trust file without a key, or with a broken one, is refused") {
  const test::TemporaryDirectory directory;
  REQUIRE(write_file_atomic(directory / "none", as_bytes("nothing here\n")));
  CHECK_FALSE(load_public_keys(directory / "none"));
  const auto pem = SigningKey::generate().public_key().pem();
  REQUIRE(write_file_atomic(directory / "cut", as_bytes(pem + pem.substr(0, 60))));
  CHECK_FALSE(load_public_keys(directory / "cut"));
}

namespace {

// RFC 6979 A.2.5: ECDSA on P-256 with SHA-256.
const std::string kP256Public =
    "3059301306072a8648ce3d020106082a8648ce3d03010703420004"
    "60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"
    "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299";
// "test": r needs 33 bytes, s 32: 71 in all.
const std::string kOfTest =
    "3045022100f1abb023518351cd71d881567b1ea663ed3efcf6c5132b354f28d3b0b7d38367"
    "0220019f4113742a2b14bd25926b49c649155f267e60d3814b4c0cc84250e46f0083";
// "sample": r and s both need 33.
const std::string kOfSample =
    "3046022100efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716"
    "022100f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8";
// The same with n - s, computed with python3: n =
// ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551.
const std::string kOfSampleOther =
    "3045022100efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716"
    "02200834e36ad29a83bf2bc9385e491d6099c8fdf9d1ed67aa7ea5f51f93782857a9";

}  // namespace

TEST_CASE("ECDSA on P-256 verifies the vectors of RFC 6979, each in its one form") {
  const auto key = PublicKey::from_der(from_hex(kP256Public).value()).value();
  CHECK(key.algorithm() == KeyAlgorithm::kEcdsaP256);
  CHECK(key.verify(as_bytes("test"), from_hex(kOfTest).value()));
  CHECK_FALSE(key.verify(as_bytes("tests"), from_hex(kOfTest).value()));
  // Both of these verify elsewhere. One of them is no signature of ours.
  CHECK_FALSE(key.verify(as_bytes("sample"), from_hex(kOfSample).value()));
  CHECK(key.verify(as_bytes("sample"), from_hex(kOfSampleOther).value()));
}

TEST_CASE("a P-256 key has one encoding, and other curves and explicit parameters are no keys of ours") {
  const auto key = PublicKey::from_der(from_hex(kP256Public).value()).value();
  CHECK(PublicKey::from_pem(key.pem()).value() == key);
  CHECK(key.id() == "sha256:" + to_hex(sha256(from_hex(kP256Public).value())));
  const test::TemporaryDirectory directory;
  const auto other = [&](const std::string& options) {
    const auto file = directory / "other.pem";
    const auto command = "openssl ecparam -genkey -noout " + options + " -out '" + file.string() +
                         ".key' && " + "openssl pkey -in '" + file.string() + ".key' -pubout " +
                         (options.find("explicit") != std::string::npos ? "-ec_param_enc explicit " : "") +
                         "-out '" + file.string() + "' 2> /dev/null";
    REQUIRE(std::system(command.c_str()) == 0);
    return PublicKey::from_pem(read_text_file(file).value());
  };
  CHECK(other("-name prime256v1"));
  CHECK_FALSE(other("-name secp384r1"));
  CHECK_FALSE(other("-name secp256k1"));
  CHECK_FALSE(other("-name prime256v1 -param_enc explicit"));
  auto beside = from_hex(kP256Public).value();
  beside.back() ^= 1;  // not on the curve
  CHECK_FALSE(PublicKey::from_der(beside));
}
