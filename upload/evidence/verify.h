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

// Facts and their values (stable words; pages translate "fact.value"):
//   structure   intact | altered                     the zip and bag are of the one canonical form
//   contents    intact | altered                     every file has the hash that the manifests say
//   seal        valid | invalid | missing | cannot-check
//   device      known | unknown | not-asked          its key stands in the trust list
//   recording   signed | altered | cannot-check      records lead to a checkpoint that the device's recording
//   key signed continuity  whole | whole-with-declared-gaps | altered | cannot-check      one per clip (clip
//   = 1...) clock       synchronised | unsynchronised | cannot-check identity    signed-in | asserted |
//   sealed | withheld | absent   (sealed: there, but only the platform can open it) tail        signed |
//   unsigned                    lesson folders: records after the last checkpoint receipt     valid | invalid
//   | absent
struct Fact {
  std::string fact;
  std::string value;
  std::string detail;  // a sentence: what and where
  int clip = 0;        // 0: the whole
  bool good = false;   // this fact holds
  bool bad = false;    // this fact is refuted: not proven (exit code 1). Neither: open, e.g. "not-asked"
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
