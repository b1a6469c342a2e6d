// When was it, by others than the device: nonce, time stamp, receipt; and clocks that were set. Exact words.

#include "firmware/base/file_system.h"
#include "tests/base/time_stamp_server.h"
#include "tests/evidence/attack_stage.h"
#include "upload/evidence/package_reader.h"
#include "upload/evidence/receipt.h"

using namespace shilu;
using namespace shilu::evidence;
using namespace shilu::test;

namespace {

WallTime at(std::string_view text) {
  return must(wall_from_rfc3339(text));
}

Nonce nonce_at(std::string_view issued) {
  return {sha256(std::string_view("unforeseeable")), at(issued), "Prefecture"};
}

// Recorded at `recorded`, sealed when the test runs: time stamps are of today.
struct Timed {
  TemporaryDirectory directory;
  SigningKey platform = SigningKey::generate();
  std::filesystem::path file = directory / "package.zip";

  explicit Timed(std::string_view recorded, const std::optional<Nonce>& nonce, bool synchronised = true) {
    TinyRecipe recipe;
    recipe.at = at(recorded);
    recipe.synchronised = synchronised;
    if (nonce) recipe.platform_nonce = must(sign_nonce(*nonce, platform)).to_json();
    write_tiny_lesson(directory / "lesson", directory / "keys", recipe);
    must(build_package(request_of(directory / "lesson"), certified(directory / "keys", KeyRole::kSeal),
                       SystemClock(), file));
  }

  VerifyOptions options() const {
    VerifyOptions options;
    options.receipt_key = platform.public_key();
    return options;
  }
  Bytes stamped_by(const TimeStampServer& server) const {
    const auto seal = must(must(PackageReader::open(file)).read("seal.json"));
    return server.reply_to(make_time_stamp_query(sha256(ByteView(seal))));
  }
};

std::string time_of(const VerifyReport& report) {
  return value_of(report, "time") + ": " + detail_of(report, "time");
}

}  // namespace

TEST_CASE("a nonce of the platform bounds the time from below") {
  const Timed timed("2026-05-28T20:26:40Z", nonce_at("2026-05-28T20:20:00Z"));
  const auto report = verify_file(timed.file, timed.options());
  INFO(told(report));
  CHECK_FALSE(report.refuted());
  CHECK(time_of(report) ==
        "not-before: not before 2026-05-28T20:20:00.000Z (nonce of Prefecture); no upper bound: no time "
        "stamp of the seal "
        "was given");
  CHECK(time_of(verify_file(timed.file)) ==
        "unbounded: only the device's own clock tells the time: no lower bound: the key of the platform "
        "whose nonce the "
        "recording holds was not given; no upper bound: no time stamp of the seal was given");
}

TEST_CASE("a nonce and a time stamp: between A and B") {
  const TimeStampServer server;
  const Timed timed("2026-05-28T20:26:40Z", nonce_at("2026-05-28T20:20:00Z"));
  auto options = timed.options();
  options.time_stamp = timed.stamped_by(server);
  options.time_stamp_roots = server.root();
  const auto stamp = must(read_time_stamp(
      *options.time_stamp, sha256(ByteView(must(must(PackageReader::open(timed.file)).read("seal.json")))),
      server.root()));
  const auto report = verify_file(timed.file, options);
  INFO(told(report));
  CHECK_FALSE(report.refuted());
  CHECK(time_of(report) == "bounded: between 2026-05-28T20:20:00.000Z (nonce of Prefecture) and " +
                               to_rfc3339(stamp.time) + " (time stamp of CN=Test TSA)");
  // A copy for the assessors has the same seal, and so the same time stamp.
  must(write_assessor_copy(timed.file, timed.directory / "copy.zip"));
  CHECK(value_of(verify_file(timed.directory / "copy.zip", options), "time") == "bounded");

  options.time_stamp_roots = "";
  CHECK(time_of(verify_file(timed.file, options)) ==
        "not-before: not before 2026-05-28T20:20:00.000Z (nonce of Prefecture); no upper bound: nobody was "
        "named who "
        "vouches for the time stamp");
}

TEST_CASE("a time stamp alone, and one that turns a revoked key's claim into a proof") {
  const TimeStampServer server;
  const Timed timed("2026-05-28T20:26:40Z", std::nullopt);
  VerifyOptions options;
  options.time_stamp = timed.stamped_by(server);
  options.time_stamp_roots = server.root();
  const auto report = verify_file(timed.file, options);
  CHECK(value_of(report, "time") == "not-after");
  CHECK(detail_of(report, "time").ends_with("; no lower bound: the recording holds no nonce of a platform"));

  const auto key = certified(timed.directory / "keys", KeyRole::kSeal).key.public_key().id();
  const WallTime tomorrow{SystemClock().wall().ns + 86'400'000'000'000};
  options.revocations = RevocationList{"Prefecture", "2026-12-01T00:00:00.000Z", {{key, tomorrow, "stolen"}}};
  CHECK(value_of(verify_file(timed.file, options), "revocation") == "before-revocation");
  options.time_stamp.reset();
  CHECK(value_of(verify_file(timed.file, options), "revocation") == "before-revocation-asserted");
}

TEST_CASE("the time stamp of another package, or by a server that nobody vouches for, refutes") {
  const TimeStampServer server;
  const Timed timed("2026-05-28T20:26:40Z", std::nullopt);
  const Timed other("2026-05-28T20:26:40Z", std::nullopt);
  VerifyOptions options;
  options.time_stamp = other.stamped_by(server);
  options.time_stamp_roots = server.root();
  REFUTED(verify_file(timed.file, options), "time", "invalid");
  const TimeStampServer stranger;
  options.time_stamp = timed.stamped_by(stranger);
  REFUTED(verify_file(timed.file, options), "time", "invalid");
}

TEST_CASE("a nonce that the platform did not sign refutes") {
  const Timed timed("2026-05-28T20:26:40Z", nonce_at("2026-05-28T20:20:00Z"));
  VerifyOptions options;
  options.receipt_key = SigningKey::generate().public_key();
  REFUTED(verify_file(timed.file, options), "time", "invalid");
  CHECK(detail_of(verify_file(timed.file, options), "time") ==
        "the nonce in the recording is not signed by the platform's key");
}

TEST_CASE("a clock set back: the recording holds what was made after it says that it was recorded") {
  const Timed timed("2026-05-28T20:26:40Z", nonce_at("2026-06-15T08:00:00Z"));
  const auto report = verify_file(timed.file, timed.options());
  REFUTED(report, "time", "contradicted");
  CHECK(detail_of(report, "time") ==
        "it says that it was recorded at 2026-05-28T20:26:40.000Z, and holds what was made at "
        "2026-06-15T08:00:00.000Z "
        "(nonce of Prefecture): the device's clock was set back");
  // A device without a clock says so, and the nonce tells the time in its place.
  const Timed unsure("2026-05-28T20:26:40Z", nonce_at("2026-06-15T08:00:00Z"), false);
  CHECK(value_of(verify_file(unsure.file, unsure.options()), "time") == "not-before");
}

TEST_CASE("a receipt bounds the time from above as well") {
  const Timed timed("2026-05-28T20:26:40Z", nonce_at("2026-05-28T20:20:00Z"));
  Receipt receipt;
  receipt.number = "R-2026-000001";
  receipt.package_sha256 = must(sha256_file(timed.file));
  receipt.size_bytes = std::filesystem::file_size(timed.file);
  receipt.received_utc = "2099-01-01T00:00:00.000Z";
  receipt.platform = "Prefecture";
  auto options = timed.options();
  options.receipt = must(sign_receipt(receipt, timed.platform));
  CHECK(time_of(verify_file(timed.file, options)) ==
        "bounded: between 2026-05-28T20:20:00.000Z (nonce of Prefecture) and 2099-01-01T00:00:00.000Z "
        "(receipt of the "
        "platform)");
}

TEST_CASE("a lesson's folder has a lower bound too") {
  const Timed timed("2026-05-28T20:26:40Z", nonce_at("2026-05-28T20:20:00Z"));
  CHECK(value_of(verify_file(timed.directory / "lesson", timed.options()), "time") == "not-before");
}
