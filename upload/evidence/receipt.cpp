#include "upload/evidence/receipt.h"

#include <fmt/format.h>

#include "firmware/base/json_io.h"

namespace shilu::evidence {
namespace {

constexpr std::string_view kReceiptFormat = "shilu-receipt/1";

// The payload of an envelope of this type that `key` signed, as JSON.
Result<Json> open_signed(const DsseEnvelope& envelope, std::string_view type, const PublicKey& key) {
  if (envelope.payload_type != type) {
    return fail(ErrorKind::kCorrupted, fmt::format("this is a {}, not a {}", envelope.payload_type, type));
  }
  if (!envelope.verified_by(key)) {
    return fail(ErrorKind::kPermissionDenied, "it is not signed by the platform's key");
  }
  return parse_json(as_text(envelope.payload));
}

Result<std::uint64_t> json_count(const Json& object, std::string_view key) {
  SHILU_TRY(const std::int64_t value, json_int(object, key));
  if (value < 0) return fail(ErrorKind::kCorrupted, fmt::format("\"{}\" is negative", key));
  return static_cast<std::uint64_t>(value);
}

// What a signed payload lacks or has of the wrong type is damage, not wrong use.
template <typename T>
Result<T> or_corrupted(Result<T> result) {
  if (!result && result.error().kind == ErrorKind::kInvalidArgument)
    return fail(ErrorKind::kCorrupted, result.error().message);
  return result;
}

Result<Digest> json_digest(const Json& object, std::string_view key) {
  SHILU_TRY(const std::string hex, json_string(object, key));
  return digest_from_hex(hex);
}

Result<DsseEnvelope> sign_json(std::string_view type, const Json& payload, const SigningKey& key) {
  return dsse_sign(type, as_bytes(canonical_json(payload)), key);
}

Result<Receipt> receipt_from(const Json& json) {
  Receipt receipt;
  SHILU_TRY(const std::string format, json_string(json, "format"));
  if (format != kReceiptFormat)
    return fail(ErrorKind::kCorrupted, fmt::format("\"{}\" is no receipt", format));
  SHILU_TRY(receipt.number, json_string(json, "number"));
  SHILU_TRY(receipt.package_sha256, json_digest(json, "package_sha256"));
  SHILU_TRY(receipt.size_bytes, json_count(json, "size_bytes"));
  SHILU_TRY(receipt.received_utc, json_string(json, "received_utc"));
  SHILU_TRY(const Json facts, json_array(json, "facts"));
  for (const Json& item : facts) {
    SHILU_TRY(std::string fact, json_string(item, "fact"));
    SHILU_TRY(std::string value, json_string(item, "value"));
    receipt.facts.emplace_back(std::move(fact), std::move(value));
  }
  SHILU_TRY(receipt.log_index, json_count(json, "log_index"));
  SHILU_TRY(receipt.platform, json_string(json, "platform"));
  return receipt;
}

Result<Verdict> verdict_from(const Json& json) {
  Verdict verdict;
  SHILU_TRY(verdict.package_sha256, json_digest(json, "package_sha256"));
  SHILU_TRY(verdict.point, json_string(json, "point"));
  SHILU_TRY(verdict.level, json_string(json, "level"));
  SHILU_TRY(verdict.decided_utc, json_string(json, "decided_utc"));
  SHILU_TRY(const std::int64_t assessors, json_int(json, "assessors"));
  verdict.assessors = static_cast<int>(assessors);
  SHILU_TRY(const Json pieces, json_array(json, "pieces"));
  for (const Json& item : pieces) {
    SHILU_TRY(std::string title, json_string(item, "title"));
    SHILU_TRY(std::string level, json_string(item, "level"));
    verdict.pieces.push_back({std::move(title), std::move(level)});
  }
  SHILU_TRY(const Json reasons, json_array(json, "reasons"));
  for (const Json& item : reasons) {
    verdict.reasons.push_back({json_string_or(item, "piece", ""), json_int_or(item, "at_ms", 0),
                               json_string_or(item, "source", ""), json_string_or(item, "text", "")});
  }
  return verdict;
}

}  // namespace

Result<DsseEnvelope> sign_receipt(const Receipt& receipt, const SigningKey& key) {
  Json facts = Json::array();
  for (const auto& [fact, value] : receipt.facts) facts.push_back({{"fact", fact}, {"value", value}});
  return sign_json(kReceiptType,
                   {{"format", kReceiptFormat},
                    {"number", receipt.number},
                    {"package_sha256", to_hex(receipt.package_sha256)},
                    {"size_bytes", receipt.size_bytes},
                    {"received_utc", receipt.received_utc},
                    {"facts", std::move(facts)},
                    {"log_index", receipt.log_index},
                    {"platform", receipt.platform}},
                   key);
}

Result<Receipt> open_receipt(const DsseEnvelope& envelope, const PublicKey& key) {
  return or_corrupted(open_signed(envelope, kReceiptType, key).and_then(receipt_from));
}

Result<DsseEnvelope> sign_verdict(const Verdict& verdict, const SigningKey& key) {
  Json pieces = Json::array();
  for (const auto& piece : verdict.pieces) pieces.push_back({{"title", piece.title}, {"level", piece.level}});
  Json reasons = Json::array();
  for (const auto& reason : verdict.reasons) {
    reasons.push_back(
        {{"piece", reason.piece}, {"at_ms", reason.at_ms}, {"source", reason.source}, {"text", reason.text}});
  }
  return sign_json(kVerdictType,
                   {{"package_sha256", to_hex(verdict.package_sha256)},
                    {"point", verdict.point},
                    {"level", verdict.level},
                    {"pieces", std::move(pieces)},
                    {"reasons", std::move(reasons)},
                    {"decided_utc", verdict.decided_utc},
                    {"assessors", verdict.assessors}},
                   key);
}

Result<Verdict> open_verdict(const DsseEnvelope& envelope, const PublicKey& key) {
  return or_corrupted(open_signed(envelope, kVerdictType, key).and_then(verdict_from));
}

}  // namespace shilu::evidence
