// Attacks with keys: used before and after their time, revoked, another device's, of the wrong level. Each
// with the exact words of its verdict.

#include "firmware/base/file_system.h"
#include "firmware/base/json_io.h"
#include "tests/base/software_tpm_fixture.h"
#include "tests/evidence/key_stage.h"

using namespace shilu;
using namespace shilu::evidence;
using namespace shilu::test;

namespace {

#define TOLD(report, fact, value, words)                       \
  do {                                                         \
    const shilu::evidence::VerifyReport shilu_report = report; \
    INFO(shilu::test::told(shilu_report));                     \
    CHECK(value_of(shilu_report, fact) == value);              \
    CHECK(detail_of(shilu_report, fact) == words);             \
  } while (false)

}  // namespace

TEST_CASE("keys that are certified, and were when they signed") {
  const Sealed sealed("2026-05-28T20:26:40Z", "2026-05-29T08:00:00Z");
  const auto report = sealed.verify_with(at_time("2026-06-01T00:00:00Z"));
  CHECK_FALSE(report.refuted());
  TOLD(report, "certificate", "valid",
       "every key was certified when it signed, until 2028-05-27T20:26:40.000Z");
  TOLD(report, "key-level", "software", "the device's keys are files: whoever has its disk has them");
  TOLD(report, "revocation", "not-asked", "no list of revoked keys was given");
}

TEST_CASE("a certificate that expired after it was used: valid then") {
  const Sealed sealed("2026-05-28T20:26:40Z", "2026-05-29T08:00:00Z");
  const auto report = sealed.verify_with(at_time("2031-01-01T00:00:00Z"));
  CHECK_FALSE(report.refuted());
  TOLD(report, "certificate", "valid-then",
       "every key was certified when it signed; the certificate expired since, at 2028-05-27T20:26:40.000Z");
}

TEST_CASE("a certificate that had expired when it was used") {
  const Sealed of_seal("2026-05-28T20:26:40Z", "2028-05-28T00:00:00Z");
  CHECK(of_seal.verify_with({}).refuted());
  TOLD(
      of_seal.verify_with(at_time("2028-06-01T00:00:00Z")), "certificate", "expired",
      "the seal key signed at 2028-05-28T00:00:00.000Z; its certificate had expired at 2028-05-27T20:26:40Z");
  const Sealed of_recording("2028-05-28T00:00:00Z", "2028-05-20T00:00:00Z");
  CHECK(of_recording.verify_with({}).refuted());
  TOLD(of_recording.verify_with({}), "certificate", "expired",
       "the recording key signed at 2028-05-28T00:00:00.000Z; its certificate had expired at "
       "2028-05-27T20:26:40Z");
}

TEST_CASE("a clock set back before the key was certified") {
  const Sealed sealed("2020-01-01T00:00:00Z", "2026-05-29T08:00:00Z");
  CHECK(sealed.verify_with({}).refuted());
  TOLD(sealed.verify_with({}), "certificate", "not-yet",
       "the recording key signed at 2020-01-01T00:00:00.000Z, before it was certified at "
       "2026-05-28T20:26:40Z: the "
       "device's clock was set back");
  // A device that lost its clock and has no network says so itself: nothing is proven, nothing refuted.
  TinyRecipe unsure;
  unsure.synchronised = false;
  const Sealed lost("1970-01-01T00:01:00Z", "2026-05-29T08:00:00Z", unsure);
  CHECK_FALSE(lost.verify_with({}).refuted());
  TOLD(lost.verify_with({}), "certificate", "cannot-check",
       "the recording key signed at 1970-01-01T00:01:00.000Z by a clock that was not synchronised, and was "
       "certified at "
       "2026-05-28T20:26:40Z");
}

TEST_CASE("a key revoked before it signed") {
  const Sealed sealed("2026-05-28T20:26:40Z", "2026-05-29T08:00:00Z");
  const auto report = sealed.verify_with(revoking(sealed.seal_key(), "2026-05-29T07:59:59Z"));
  CHECK(report.refuted());
  TOLD(report, "revocation", "revoked",
       "the seal key signed at 2026-05-29T08:00:00.000Z; it had been revoked at 2026-05-29T07:59:59.000Z: "
       "stolen");
}

TEST_CASE("a key revoked after it signed: only the device's own clock says so") {
  const Sealed sealed("2026-05-28T20:26:40Z", "2026-05-29T08:00:00Z");
  const auto report = sealed.verify_with(revoking(sealed.seal_key(), "2026-07-01T00:00:00Z"));
  CHECK_FALSE(report.refuted());
  TOLD(report, "revocation", "before-revocation-asserted",
       "the seal key signed at 2026-05-29T08:00:00.000Z, before it was revoked at 2026-07-01T00:00:00.000Z: "
       "stolen; but "
       "only its own clock says so");
}

TEST_CASE("a revoked device key takes the keys that it certified with it, and a list of others none") {
  const Sealed sealed("2026-05-28T20:26:40Z", "2026-05-29T08:00:00Z");
  const auto device = must(SigningKey::load(sealed.keys / "device.key")).public_key();
  const auto report = sealed.verify_with(revoking(device.id(), "2026-05-01T00:00:00Z"));
  CHECK(report.refuted());
  TOLD(report, "revocation", "revoked",
       "a key of device " + device_id_of(device) +
           " signed at 2026-05-29T08:00:00.000Z; it had been revoked at 2026-05-01T00:00:00.000Z: stolen");
  TOLD(sealed.verify_with(revoking(SigningKey::generate().public_key().id(), "2026-05-01T00:00:00Z")),
       "revocation", "not-revoked",
       "no key stands in the list of revoked keys of Prefecture, made at 2026-12-01T00:00:00.000Z");
}

TEST_CASE("a device with a new key is known by the old one; a stranger's package with that key is not") {
  TemporaryDirectory directory;
  const auto keys = directory / "keys";
  write_tiny_lesson(directory / "lesson", keys);
  const auto old_key = must(SigningKey::load(keys / "device.key")).public_key();
  const ManualClock clock;
  must(rotate_device_key(keys, {"", &clock}));
  // Recorded with the old keys, sealed with the new.
  build(request_of(directory / "lesson"), keys, directory / "package.zip");
  const auto new_key = must(SigningKey::load(keys / "device.key")).public_key();
  const auto report = verify_file(directory / "package.zip", {{old_key}, {}, {}});
  CHECK_FALSE(report.refuted());
  TOLD(report, "device", "known",
       "device " + device_id_of(old_key) + " is in the list of known devices; its key " +
           device_id_of(new_key) + " is endorsed by that one");
  CHECK(value_of(verify_file(directory / "package.zip", {{new_key}, {}, {}}), "device") == "unknown");
  // The old key was revoked, but after it had endorsed the new one.
  auto later = revoking(old_key.id(), "2026-06-01T00:00:00Z");
  CHECK(value_of(verify_file(directory / "package.zip", later), "revocation") ==
        "before-revocation-asserted");
  auto earlier = revoking(old_key.id(), "2026-05-01T00:00:00Z");
  CHECK(value_of(verify_file(directory / "package.zip", earlier), "revocation") == "revoked");
}

TEST_CASE("the seal key of another device, with its own certificate") {
  Stage stage;
  auto pieces = take_apart(stage.good);
  pieces.seal(stage.other_seal_key());
  const auto report = stage.after(pieces);
  CHECK(report.refuted());
  TOLD(report, "seal", "invalid",
       "device " + stage.other_seal_key().certificate.device_id + " sealed what device " +
           device_id_of(stage.device()) + " recorded");
}

TEST_CASE("a certificate with the wrong level: files that are called hardware") {
  Stage stage;
  auto pieces = take_apart(stage.good);
  const auto device = must(SigningKey::load(stage.keys / "device.key"));
  const auto honest = stage.seal_key().certificate;
  auto payload = must(parse_json(as_text(honest.envelope.payload)));
  payload["key_level"] = "hardware";
  const auto lying = must(dsse_sign(kCertificateType, as_bytes(canonical_json(payload)), device));
  pieces.files["seal-certificate.json"] = to_bytes(lying.to_json());
  pieces.make_manifests();
  const auto report = stage.after(pieces);
  CHECK(report.refuted());
  TOLD(report, "seal", "invalid",
       "seal-certificate.json: the certificate says that its keys are in hardware, and they are of the kind "
       "that files "
       "hold");
}

TEST_CASE("a seal that says another level than its certificate") {
  Stage stage;
  auto pieces = take_apart(stage.good);
  auto key = stage.seal_key();
  key.certificate.key_level = "hardware";  // the seal repeats it
  pieces.seal(key);
  REFUTED(stage.after(pieces), "seal", "invalid");
}

TEST_CASE("a device that is enrolled with a TPM, and a certificate of files") {
  const Sealed sealed("2026-05-28T20:26:40Z", "2026-05-29T08:00:00Z");
  const auto device = must(SigningKey::load(sealed.keys / "device.key")).public_key();
  VerifyOptions options;
  options.enrolled_levels[device.id()] = "hardware";
  const auto report = sealed.verify_with(options);
  CHECK(report.refuted());
  TOLD(report, "key-level", "altered",
       "the certificate of the seal key says software, and device " + device_id_of(device) +
           " is enrolled with keys in hardware");
}

TEST_CASE("a lesson recorded and sealed with keys in a TPM is as provable as any, and says hardware") {
  const SoftwareTpm tpm;
  SHILU_NEEDS(tpm);
  TemporaryDirectory directory;
  const auto keys = directory / "keys";
  const ManualClock clock;
  const KeyOptions options{tpm.tcti(), &clock};
  const auto recording = must(load_or_create_certified(keys, KeyRole::kRecording, options));
  write_tiny_lesson(directory / "lesson", recording, {});
  must(build_package(request_of(directory / "lesson"),
                     must(load_or_create_certified(keys, KeyRole::kSeal, options)), clock,
                     directory / "package.zip"));
  const auto report = verify_file(directory / "package.zip", {{recording.certificate.device_key}, {}, {}});
  INFO(told(report));
  CHECK_FALSE(report.refuted());
  CHECK(value_of(report, "seal") == "valid");
  CHECK(value_of(report, "recording") == "signed");
  CHECK(value_of(report, "device") == "known");
  TOLD(report, "key-level", "hardware", "the device says that its keys are in a TPM");
}

TEST_CASE("a list of revoked keys is believed only of the platform that signed it") {
  const auto platform = SigningKey::generate();
  const RevocationList list{
      "Prefecture", "2026-12-01T00:00:00.000Z", {{"sha256:00", at("2026-07-01T00:00:00Z"), "lost"}}};
  const auto envelope = must(sign_revocations(list, platform));
  const auto read = must(open_revocations(envelope, platform.public_key()));
  REQUIRE(read.revoked.size() == 1);
  CHECK(read.revoked[0].key_id == "sha256:00");
  CHECK(read.revoked[0].revoked == at("2026-07-01T00:00:00Z"));
  CHECK(open_revocations(envelope, SigningKey::generate().public_key()).error().kind ==
        ErrorKind::kPermissionDenied);
  auto other = envelope;
  other.payload_type = "application/vnd.shilu.receipt+json";
  CHECK(open_revocations(other, platform.public_key()).error().kind == ErrorKind::kCorrupted);
}
