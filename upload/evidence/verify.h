#pragma once
// Verifies a package or a lesson folder. Proofs stay separate facts; there is never one `verified`. Trusts no
// path, size or count of the input: bounded memory and time. No network, no decoder.

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "firmware/base/dsse.h"
#include "firmware/base/json.h"
#include "firmware/base/keys.h"
#include "firmware/base/result.h"

namespace shilu::evidence {

// Facts and their values: stable words, pages translate "fact.value". `good` and `bad` follow from the value:
// altered, invalid, missing and unknown refute; asserted, unsynchronised, not-asked, sealed, withheld,
// absent, unsigned and cannot-check leave open.
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
//   tail        signed | unsigned                    lesson folders: records after the last checkpoint
//   receipt     valid | invalid | absent             packages
struct Fact {
  std::string fact;
  std::string value;
  std::string detail;  // a sentence: what and where
  int clip = 0;        // 0: the whole
  bool good = false;   // this fact holds
  bool bad = false;    // this fact is refuted (exit code 1). Neither: open, e.g. "not-asked"
};

struct VerifyOptions {
  std::vector<PublicKey> trusted_devices;  // empty: device = not-asked
  std::optional<DsseEnvelope> receipt;     // with the platform's key below
  std::optional<PublicKey> receipt_key;
};

struct PackageSummary {  // read from evidence.json; only meaningful when contents are intact
  std::string name, programme, catalogue, point, lesson_id, device_id, pseudonym, binding;
  std::string evidence_json;
};

struct VerifyReport {
  std::string kind;  // "package" or "lesson"
  Digest sha256{};   // of the package file
  std::uint64_t size_bytes = 0;
  std::vector<Fact> facts;
  std::optional<PackageSummary> summary;
  bool refuted() const;  // any bad fact
  Json to_json() const;
};

// An error only where the input cannot be read at all (not found, no permission); everything wrong with its
// content is a fact.
Result<VerifyReport> verify_package(const std::filesystem::path& file, const VerifyOptions& options);
Result<VerifyReport> verify_lesson(const std::filesystem::path& directory, const VerifyOptions& options);
// Either of the two, by what it is.
Result<VerifyReport> verify(const std::filesystem::path& path, const VerifyOptions& options);

}  // namespace shilu::evidence
