#include "firmware/base/certificate.h"

#include <sys/stat.h>

#include <catch2/catch.hpp>

#include "firmware/base/clock.h"
#include "firmware/base/file_system.h"
#include "firmware/base/json_io.h"
#include "tests/base/temporary_directory.h"

using namespace shilu;

namespace {

DsseEnvelope signed_payload(const Json& payload, const SigningKey& key) {
  return dsse_sign(kCertificateType, as_bytes(canonical_json(payload)), key).value();
}

Json good_payload(const SigningKey& device, const SigningKey& key) {
  return {{"device_id", device_id_of(device.public_key())},
          {"device_key_pem", device.public_key().pem()},
          {"issued_utc", "2026-11-21T08:00:00Z"},
          {"key_pem", key.public_key().pem()},
          {"key_level", "software"},
          {"endorsements", Json::array()},
          {"not_before_utc", "2026-11-21T08:00:00Z"},
          {"not_after_utc", "2028-11-20T08:00:00Z"},
          {"role", "seal"}};
}

}  // namespace

TEST_CASE("the first use of a directory makes the device key, the working key and its certificate") {
  const test::TemporaryDirectory directory;
  const auto keys = directory / "keys";
  const auto recording = load_or_create_certified(keys, KeyRole::kRecording).value();
  const auto seal = load_or_create_certified(keys, KeyRole::kSeal).value();
  CHECK(posix_file_system().list(keys).value() ==
        std::vector<std::string>{"device.key", "recording.cert.json", "recording.key", "seal.cert.json",
                                 "seal.key"});
  struct stat info {};
  REQUIRE(::stat(keys.c_str(), &info) == 0);
  CHECK((info.st_mode & 07777) == 0700);

  const auto device = SigningKey::load(keys / "device.key").value().public_key();
  CHECK(recording.certificate.role == KeyRole::kRecording);
  CHECK(seal.certificate.role == KeyRole::kSeal);
  CHECK(recording.certificate.key == recording.key.public_key());
  CHECK(recording.certificate.device_key == device);
  CHECK(seal.certificate.device_key == device);
  CHECK(seal.certificate.envelope.verified_by(device));
  CHECK(recording.certificate.device_id ==
        "d-" + to_hex(sha256(from_base64(device.pem().substr(27, 60)).value())).substr(0, 16));
  CHECK(wall_from_rfc3339(recording.certificate.issued_utc));
  CHECK(recording.certificate.issued_utc.size() == std::string("2026-11-21T08:00:00Z").size());
}

TEST_CASE("a second use gives the same keys, even without the device key") {
  const test::TemporaryDirectory directory;
  const auto first = load_or_create_certified(directory.path(), KeyRole::kSeal).value();
  REQUIRE(posix_file_system().remove(directory / "device.key"));
  const auto second = load_or_create_certified(directory.path(), KeyRole::kSeal).value();
  CHECK(second.key.public_key() == first.key.public_key());
  CHECK(second.certificate.envelope.to_json() == first.certificate.envelope.to_json());
}

TEST_CASE("a lost certificate is issued again, a foreign one is an error") {
  const test::TemporaryDirectory directory;
  const auto first = load_or_create_certified(directory.path(), KeyRole::kSeal).value();
  REQUIRE(posix_file_system().remove(directory / "seal.cert.json"));
  CHECK(load_or_create_certified(directory.path(), KeyRole::kSeal).value().certificate.key ==
        first.key.public_key());

  REQUIRE(posix_file_system().remove(directory / "seal.key"));
  CHECK(load_or_create_certified(directory.path(), KeyRole::kSeal).error().kind == ErrorKind::kCorrupted);
}

TEST_CASE("a certificate says what its envelope says") {
  const auto device = SigningKey::generate();
  const auto key = SigningKey::generate();
  const auto certificate =
      KeyCertificate::from_envelope(signed_payload(good_payload(device, key), device)).value();
  CHECK(certificate.key == key.public_key());
  CHECK(certificate.issued_utc == "2026-11-21T08:00:00Z");
  CHECK(certificate.key_level == "software");
}

TEST_CASE("a certificate that contradicts itself is refused") {
  const auto device = SigningKey::generate();
  const auto key = SigningKey::generate();
  const auto good = good_payload(device, key);
  const auto refused = [](const DsseEnvelope& envelope) { return !KeyCertificate::from_envelope(envelope); };

  CHECK(refused(signed_payload(good, key)));  // signed by another key than it names
  auto other_device = good;
  other_device["device_id"] = "d-0000000000000000";
  CHECK(refused(signed_payload(other_device, device)));
  auto other_role = good;
  other_role["role"] = "admin";
  CHECK(refused(signed_payload(other_role, device)));
  auto no_time = good;
  no_time["issued_utc"] = "yesterday";
  CHECK(refused(signed_payload(no_time, device)));
  for (const auto& member : good.items()) {
    auto lacking = good;
    lacking.erase(member.key());
    CAPTURE(member.key());
    CHECK(refused(signed_payload(lacking, device)));
  }
  CHECK(refused(dsse_sign("application/other", as_bytes(canonical_json(good)), device).value()));
}
