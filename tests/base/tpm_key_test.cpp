// Keys in a TPM, with one in software.

#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <future>

#include "firmware/base/certificate.h"
#include "firmware/base/file_system.h"
#include "tests/base/software_tpm_fixture.h"

using namespace shilu;

TEST_CASE("a key in the TPM signs, and its file is of no use without that TPM") {
  const test::SoftwareTpm tpm;
  SHILU_NEEDS(tpm);
  const test::TemporaryDirectory directory;
  const auto file = directory / "device.key";
  const auto key = SigningKey::load_or_create(file, tpm.tcti()).value();
  CHECK(key.level() == KeyLevel::kHardware);
  CHECK(key.public_key().algorithm() == KeyAlgorithm::kEcdsaP256);
  struct stat info {};
  REQUIRE(::stat(file.c_str(), &info) == 0);
  CHECK((info.st_mode & 07777) == 0600);

  // Enough of them to meet r and s of every shape: 71 bytes is 1 of 2 by chance.
  for (int i = 0; i < 12; ++i) {
    const auto signature = key.sign(as_bytes("message")).value();
    CHECK(signature.size() == 71);
    CHECK(key.public_key().verify(as_bytes("message"), signature));
    CHECK_FALSE(key.public_key().verify(as_bytes("massage"), signature));
  }

  const auto again = SigningKey::load(file, tpm.tcti()).value();
  CHECK(again.public_key() == key.public_key());
  CHECK(SigningKey::load(file).error().kind == ErrorKind::kFailedPrecondition);
  const test::SoftwareTpm other;
  REQUIRE(other.available());
  const auto elsewhere = SigningKey::load(file, other.tcti()).value();  // the file names its public key
  CHECK(elsewhere.sign(as_bytes("message")).error().kind == ErrorKind::kUnavailable);
}

TEST_CASE("openssl verifies by hand what a TPM signed, with nothing but the public key") {
  const test::SoftwareTpm tpm;
  SHILU_NEEDS(tpm);
  const test::TemporaryDirectory directory;
  const auto key = SigningKey::load_or_create(directory / "key", tpm.tcti()).value();
  const auto envelope = dsse_sign("application/x-test", as_bytes("hello"), key).value();
  REQUIRE(write_file_atomic(directory / "pae", dsse_pae("application/x-test", as_bytes("hello"))));
  REQUIRE(write_file_atomic(directory / "sig", envelope.signature));
  REQUIRE(write_file_atomic(directory / "key.pem", as_bytes(key.public_key().pem())));
  const std::string command =
      "cd '" + directory.path().string() +
      "' && openssl pkeyutl -verify -pubin -inkey key.pem -rawin -in pae -sigfile sig "
      "> /dev/null";
  CHECK(std::system(command.c_str()) == 0);
  CHECK(envelope.verified_by(key.public_key()));
}

TEST_CASE("a device with a TPM says hardware in its certificates, one that got it later goes on with files") {
  const test::SoftwareTpm tpm;
  SHILU_NEEDS(tpm);
  const test::TemporaryDirectory directory;
  const KeyOptions options{tpm.tcti(), nullptr};
  const auto made = load_or_create_certified(directory / "new", KeyRole::kSeal, options).value();
  CHECK(made.certificate.key_level == "hardware");
  CHECK(made.certificate.device_key.algorithm() == KeyAlgorithm::kEcdsaP256);

  const auto file = load_or_create_certified(directory / "old", KeyRole::kSeal).value();
  CHECK(file.certificate.key_level == "software");
  const auto later = load_or_create_certified(directory / "old", KeyRole::kSeal, options).value();
  CHECK(later.certificate.key_level == "software");
  // A new key in the TPM under a device key in a file: the weaker of the two counts.
  REQUIRE(rotate_key(directory / "old", KeyRole::kSeal, options));
  const auto mixed = load_or_create_certified(directory / "old", KeyRole::kSeal, options).value();
  CHECK(mixed.key.level() == KeyLevel::kHardware);
  CHECK(mixed.certificate.key_level == "software");
  // A new device key: now all of it is in the TPM.
  REQUIRE(rotate_device_key(directory / "old", options));
  const auto moved = load_or_create_certified(directory / "old", KeyRole::kSeal, options).value();
  CHECK(moved.certificate.key_level == "hardware");
  CHECK(moved.certificate.is_of_device(file.certificate.device_key));
}

TEST_CASE("several programs share a TPM that knows no sharing: keys are made and used all the same") {
  const test::SoftwareTpm tpm;
  SHILU_NEEDS(tpm);
  const test::TemporaryDirectory directory;
  std::vector<std::future<std::string>> programs;
  for (int i = 0; i < 3; ++i) {
    programs.push_back(std::async(std::launch::async, [&, i]() -> std::string {
      const auto key = SigningKey::load_or_create(directory / std::to_string(i), tpm.tcti());
      if (!key) return key.error().message;
      for (int n = 0; n < 4; ++n) {
        const auto signature = key->sign(as_bytes("message"));
        if (!signature) return signature.error().message;
        if (!key->public_key().verify(as_bytes("message"), *signature)) return "a wrong signature";
      }
      return "good";
    }));
  }
  for (auto& program : programs) CHECK(program.get() == "good");
}

TEST_CASE("a TPM that hangs is given up on, and answers again later") {
  const test::SoftwareTpm tpm;
  SHILU_NEEDS(tpm);
  const test::TemporaryDirectory directory;
  const auto key = SigningKey::load_or_create(directory / "key", tpm.tcti()).value();
  tpm.freeze();
  CHECK(key.sign(as_bytes("m")).error().kind == ErrorKind::kTimedOut);
  CHECK(key.sign(as_bytes("m")).error().kind == ErrorKind::kUnavailable);  // at once: none pile up
  CHECK(SigningKey::load(directory / "key", tpm.tcti()));                  // a recorder can start
  tpm.thaw();
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  auto signature = key.sign(as_bytes("m"));
  while (!signature && std::chrono::steady_clock::now() < deadline) signature = key.sign(as_bytes("m"));
  REQUIRE(signature);
  CHECK(key.public_key().verify(as_bytes("m"), *signature));
}

TEST_CASE("no TPM where one is named: the error names it") {
  const test::TemporaryDirectory directory;
  const auto key =
      SigningKey::load_or_create(directory / "key", "swtpm:path=" + (directory / "none").string());
  REQUIRE_FALSE(key);
  CHECK(key.error().kind == ErrorKind::kUnavailable);
  CHECK(key.error().message.find((directory / "none").string()) != std::string::npos);
  CHECK_FALSE(std::filesystem::exists(directory / "key"));
}
