#pragma once
// The platform's signed answers. docs/ref/package.md, "Receipt and verdict".

#include <string>
#include <vector>

#include "firmware/base/dsse.h"

namespace shilu::evidence {

inline constexpr std::string_view kReceiptType = "application/vnd.shilu.receipt+json";
inline constexpr std::string_view kVerdictType = "application/vnd.shilu.verdict+json";

struct Receipt {
  std::string number;  // "R-2026-000123": what a teacher writes down
  Digest package_sha256{};
  std::uint64_t size_bytes = 0;
  std::string received_utc;
  std::vector<std::pair<std::string, std::string>> facts;  // fact, value
  std::uint64_t log_index = 0;
  std::string platform;
};

Result<DsseEnvelope> sign_receipt(const Receipt& receipt, const SigningKey& key);
// kCorrupted: wrong type or content; kPermissionDenied: not signed by `key`.
Result<Receipt> open_receipt(const DsseEnvelope& envelope, const PublicKey& key);

struct Verdict {
  struct Piece {
    std::string title, level;
  };
  struct Reason {
    std::string piece;
    std::int64_t at_ms = 0;
    std::string source, text;
  };
  Digest package_sha256{};
  std::string point, level;
  std::vector<Piece> pieces;
  std::vector<Reason> reasons;
  std::string decided_utc;
  int assessors = 2;
};

Result<DsseEnvelope> sign_verdict(const Verdict& verdict, const SigningKey& key);
Result<Verdict> open_verdict(const DsseEnvelope& envelope, const PublicKey& key);

}  // namespace shilu::evidence
