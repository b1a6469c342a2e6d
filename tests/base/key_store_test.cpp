// The life of a device's keys: validity, rotation, endorsement.

#include <catch2/catch.hpp>

#include "firmware/base/certificate.h"
#include "firmware/base/file_system.h"
#include "firmware/base/json_io.h"
#include "tests/base/temporary_directory.h"

using namespace shilu;

namespace {

WallTime at(std::string_view text) {
  return wall_from_rfc3339(text).value();
}

// A device whose clock shows what the test says.
struct Device {
  test::TemporaryDirectory directory;
  ManualClock clock;

  explicit Device(std::string_view now = "2026-03-01T08:00:00Z") { clock.set_wall(at(now)); }
  CertifiedKey load(KeyRole role = KeyRole::kSeal) const {
    return load_or_create_certified(directory.path(), role, {"", &clock}).value();
  }
  PublicKey device_key() const { return SigningKey::load(directory / "device.key").value().public_key(); }
};

}  // namespace

TEST_CASE("a certificate holds for two years from the moment it was made") {
  const Device device;
  const auto certificate = device.load().certificate;
  CHECK(certificate.issued_utc == "2026-03-01T08:00:00Z");
  CHECK(certificate.not_before_utc == "2026-03-01T08:00:00Z");
  CHECK(certificate.not_after_utc == "2028-02-29T08:00:00Z");  // 730 days; 2028 has a 29th of February
}

TEST_CASE("in its second year a key is replaced at the next start, and the one before is kept") {
  Device device;
  const auto first = device.load();
  device.clock.set_wall(at("2027-02-28T08:00:00Z"));
  CHECK(device.load().key.public_key() == first.key.public_key());
  device.clock.set_wall(at("2027-03-02T08:00:00Z"));
  const auto second = device.load();
  CHECK(second.key.public_key() != first.key.public_key());
  CHECK(second.certificate.device_key == first.certificate.device_key);
  CHECK(second.certificate.not_before_utc == "2027-03-02T08:00:00Z");
  const auto previous = load_previous_certified(device.directory.path(), KeyRole::kSeal).value();
  CHECK(previous.certificate.envelope.to_json() == first.certificate.envelope.to_json());
  CHECK(load_previous_certified(device.directory.path(), KeyRole::kRecording).error().kind ==
        ErrorKind::kNotFound);
}

TEST_CASE("a certificate from a clock that was ahead is replaced once a synchronised clock says so") {
  Device device("2099-01-01T00:00:00Z");
  const auto ahead = device.load();
  device.clock.set_wall(at("2026-03-01T08:00:00Z"));
  device.clock.set_quality({false, 0});
  CHECK(device.load().key.public_key() == ahead.key.public_key());  // it may be this one that is wrong
  device.clock.set_quality({true, 5});
  CHECK(device.load().certificate.not_before_utc == "2026-03-01T08:00:00Z");
}

TEST_CASE("without the device key a due key goes on: the recording goes first") {
  Device device;
  const auto first = device.load();
  REQUIRE(posix_file_system().remove(device.directory / "device.key"));
  device.clock.set_wall(at("2029-01-01T00:00:00Z"));
  CHECK(device.load().certificate.envelope.to_json() == first.certificate.envelope.to_json());
}

TEST_CASE("a rotation that a power cut ends between its steps loses no key") {
  Device device;
  const auto first = device.load();
  // After the first rename: the key has no certificate.
  REQUIRE(posix_file_system().rename(device.directory / "seal.cert.json",
                                     device.directory / "seal.previous.cert.json"));
  CHECK(device.load().key.public_key() == first.key.public_key());
}

TEST_CASE("a new device key is endorsed by the old one, which is gone") {
  Device device;
  const auto before = device.load(KeyRole::kRecording);
  const auto old_key = device.device_key();
  device.clock.set_wall(at("2026-09-01T08:00:00Z"));
  REQUIRE(rotate_device_key(device.directory.path(), {"", &device.clock}));
  const auto after = device.load(KeyRole::kRecording);
  CHECK(after.certificate.device_key == device.device_key());
  CHECK(after.certificate.device_key != old_key);
  CHECK(after.certificate.device_id == device_id_of(device.device_key()));
  CHECK(after.key.public_key() != before.key.public_key());
  REQUIRE(after.certificate.endorsements.size() == 1);
  CHECK(after.certificate.endorsements[0].previous_device_key == old_key);
  CHECK(after.certificate.endorsements[0].endorsed_utc == "2026-09-01T08:00:00Z");
  CHECK(after.certificate.is_of_device(old_key));
  CHECK_FALSE(before.certificate.is_of_device(device.device_key()));

  REQUIRE(rotate_device_key(device.directory.path(), {"", &device.clock}));
  const auto third = device.load(KeyRole::kRecording).certificate;
  CHECK(third.device_keys().size() == 3);
  CHECK(third.is_of_device(old_key));
}

TEST_CASE("an endorsement that the older key did not sign is refused") {
  const Device device;
  const auto mine = SigningKey::generate();
  const auto key = SigningKey::generate();
  const auto honest = endorse(mine.public_key(), "2026-09-01T08:00:00Z", SigningKey::generate()).value();
  // A stranger says that the known device endorsed the stranger's key.
  auto payload = parse_json(as_text(honest.payload)).value();
  payload["previous_device_key_pem"] = SigningKey::generate().public_key().pem();
  const auto forged = dsse_sign(kEndorsementType, as_bytes(canonical_json(payload)), mine).value();
  for (const auto& [endorsement, good] : {std::pair{honest, true}, std::pair{forged, false}}) {
    const Json certificate{{"device_id", device_id_of(mine.public_key())},
                           {"device_key_pem", mine.public_key().pem()},
                           {"endorsements", Json::array({parse_json(endorsement.to_json()).value()})},
                           {"issued_utc", "2026-11-21T08:00:00Z"},
                           {"key_level", "software"},
                           {"key_pem", key.public_key().pem()},
                           {"not_after_utc", "2028-11-21T08:00:00Z"},
                           {"not_before_utc", "2026-11-21T08:00:00Z"},
                           {"role", "seal"}};
    const auto read = KeyCertificate::from_envelope(
        dsse_sign(kCertificateType, as_bytes(canonical_json(certificate)), mine).value());
    CHECK(read.has_value() == good);
    if (!read) CHECK(read.error().message == "the endorsement is not signed by the device's older key");
  }
}

TEST_CASE("a certificate with the wrong level is refused: what a file holds is not in hardware") {
  const auto device = SigningKey::generate();
  const Json payload{{"device_id", device_id_of(device.public_key())},
                     {"device_key_pem", device.public_key().pem()},
                     {"endorsements", Json::array()},
                     {"issued_utc", "2026-11-21T08:00:00Z"},
                     {"key_level", "hardware"},
                     {"key_pem", SigningKey::generate().public_key().pem()},
                     {"not_after_utc", "2028-11-21T08:00:00Z"},
                     {"not_before_utc", "2026-11-21T08:00:00Z"},
                     {"role", "seal"}};
  const auto read = KeyCertificate::from_envelope(
      dsse_sign(kCertificateType, as_bytes(canonical_json(payload)), device).value());
  REQUIRE_FALSE(read);
  CHECK(read.error().message ==
        "the certificate says that its keys are in hardware, and they are of the kind that files hold");
}
