#pragma once
// What is found out of one package, before it is told as facts. Inside this module only.

#include <optional>
#include <string>
#include <vector>

#include "upload/evidence/device_history.h"
#include "upload/evidence/package_scan.h"
#include "upload/evidence/seal.h"

namespace shilu::evidence {

struct PackageFindings {
  PackageScan scan;
  BagText text;
  std::string evidence_text;
  Result<Evidence> evidence = fail(ErrorKind::kInternal, "not read");
  bool seal_is_there = false;
  Result<OpenedSeal> seal = fail(ErrorKind::kCorrupted, "there is none");  // of just these contents

  // Of the proofs:
  std::vector<std::string> recording_problems;
  // Per clip its declared gaps; kFailedPrecondition: what was recorded cannot be told.
  std::vector<Result<std::vector<std::string>>> continuity;
  // Per clip how many marks it has; errors as above.
  std::vector<Result<std::size_t>> marks;
  std::optional<KeyCertificate> recording_certificate;  // set once a proof led to its signature
  std::string nonce;                                    // of lesson.json, once a proof led to its signature
  std::string seal_json;
  std::vector<SignedAct> acts;  // the checkpoints, and the seal if it holds
  std::string signed_utc;
  bool synchronised = true;
  std::int64_t clock_error_ms = 0;
  bool signed_in = false;  // the pseudonym of evidence.json had signed in

  const Seal::Withholdable* sealed_identity() const;
};

PackageFindings examine_package(File& file, PackageScan scan);

}  // namespace shilu::evidence
