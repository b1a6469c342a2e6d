#pragma once
// Verifies a package or a lesson folder. Proofs stay separate facts; there is never one `verified`. Trusts no
// path, size or count of the input: bounded memory and time. No network, no decoder.

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "firmware/base/dsse.h"
#include "firmware/base/json.h"
#include "firmware/base/keys.h"
#include "firmware/base/result.h"
#include "upload/evidence/revocation.h"
#include "upload/evidence/time_window.h"

namespace shilu::evidence {

// Facts and their values: stable words, pages translate "fact.value". `good` and `bad` follow from the value:
// altered, invalid, missing, unknown, expired, not-yet, revoked and contradicted refute; asserted,
// unsynchronised, not-asked, sealed, withheld, absent, unsigned and cannot-check leave open.
//
//   structure   intact | altered                     zip and bag are of the one canonical form; lesson
//   folders: the files
//                                                    are those of a lesson
//   contents    intact | altered | cannot-check      every file has the hash that the manifests say and
//   evidence.json
//                                                    speaks of it; lesson folders: the media are those of the
//                                                    journal
//   seal        valid | invalid | missing | cannot-check      packages
//   device      known | unknown | not-asked | cannot-check    the keys of the recording and of the seal stand
//   in the list recording   signed | altered | cannot-check      records lead to a checkpoint that the
//   device's recording key signed continuity  whole | whole-with-declared-gaps | altered | cannot-check one
//   per clip (clip = 1...) clock       synchronised | unsynchronised | cannot-check  the device's clock when
//   the checkpoints were signed teacher     signed-in | asserted | altered | cannot-check packages: the
//   pseudonym had signed in at the device, or the
//                                                    package only says so
//   identity    sealed | withheld | absent           packages: the part that says who that is (sealed: only
//   the platform
//                                                    can open it)
//   marks       intact | altered | cannot-check      packages, one per clip: the marks told are those that
//   were pressed derivative  declared                             packages, one for each: made of a clip,
//   nothing is proven of it tail        signed | unsigned                    lesson folders: records after
//   the last checkpoint receipt     valid | invalid | absent             packages
//
//   certificate  valid | valid-then | expired | not-yet | cannot-check: the keys were certified when they
//   signed (valid-then: it has expired since; not-yet: signed before, so the clock was set back)
//
//   revocation   not-asked | not-revoked | before-revocation | before-revocation-asserted | revoked |
//   cannot-check (asserted: only the device's own clock says that it signed before)
//
//   time         bounded | not-before | not-after | unbounded | contradicted | invalid | cannot-check: when
//   it was, by others than the device: the platform's nonce (with receipt_key), a time stamp or the receipt
//
//   key-level    hardware | software | altered | cannot-check: what holds the keys, as certified
struct Fact {
  std::string fact;
  std::string value;
  std::string detail;  // a sentence: what and where
  int clip = 0;        // 0: the whole
  bool good = false;   // this fact holds
  bool bad = false;    // this fact is refuted (exit code 1). Neither: open, e.g. "not-asked"
};

// Whether the report tells the package's own SHA-256: one more pass of hashing over all of it, which only a
// receipt needs and is then made in any case.
enum class PackageDigest { kTell, kLeaveOut };

struct VerifyOptions {
  std::vector<PublicKey> trusted_devices;  // empty: device = not-asked
  std::optional<DsseEnvelope> receipt;     // with the platform's key below
  std::optional<PublicKey> receipt_key;
  std::optional<RevocationList> revocations = {};           // none: revocation = not-asked
  std::map<std::string, std::string> enrolled_levels = {};  // id of a device key -> "hardware", "software"
  std::optional<WallTime> now = {};                         // else the system's clock
  std::optional<Bytes> time_stamp = {};                     // RFC 3161 reply over the package's seal.json
  std::string time_stamp_roots = {};                        // PEM of who vouches for its server
  PackageDigest digest = PackageDigest::kTell;
};

struct PackageSummary {  // read from evidence.json; only meaningful when contents are intact
  std::string name, programme, catalogue, point, lesson_id, device_id, pseudonym, binding;
  std::string evidence_json;
  std::vector<PublicKey> device_keys = {};  // of the device that sealed it, newest first; empty: nobody did
};

struct VerifyReport {
  std::string kind;  // "package" or "lesson"
  Digest sha256{};   // of the package file; zeros if it was left out
  std::uint64_t size_bytes = 0;
  std::vector<Fact> facts;
  std::optional<PackageSummary> summary;
  bool refuted() const;  // any bad fact
  // One answer from the facts about the bytes (structure, contents, seal, recording, continuity, marks,
  // tail): intact | intact-with-declared-gaps | unsigned-tail | cannot-check | altered, the worst that holds.
  // It is not a fact of its own and says nothing of who or when.
  Fact integrity() const;
  Json to_json() const;
};

// An error only where the input cannot be read at all (not found, no permission); everything wrong with its
// content is a fact.
Result<VerifyReport> verify_package(const std::filesystem::path& file, const VerifyOptions& options);
Result<VerifyReport> verify_lesson(const std::filesystem::path& directory, const VerifyOptions& options);
// Either of the two, by what it is.
Result<VerifyReport> verify(const std::filesystem::path& path, const VerifyOptions& options);

}  // namespace shilu::evidence
