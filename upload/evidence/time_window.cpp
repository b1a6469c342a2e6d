#include "upload/evidence/time_window.h"

#include <fmt/format.h>

#include "firmware/base/json_io.h"

namespace shilu::evidence {
namespace {

constexpr std::string_view kFormat = "shilu-nonce/1";
// Two good clocks may differ by as much as the network takes to compare them.
constexpr std::int64_t kTolerance_ns = 10'000'000'000;

Result<Nonce> nonce_from(const Json& json) {
  Nonce nonce;
  SHILU_TRY(const auto format, json_string(json, "format"));
  if (format != kFormat) return fail(ErrorKind::kCorrupted, fmt::format("\"{}\" is no nonce", format));
  SHILU_TRY(const auto value, json_string(json, "nonce"));
  SHILU_TRY(nonce.value, digest_from_hex(value));
  SHILU_TRY(const auto issued, json_string(json, "issued_utc"));
  SHILU_TRY(nonce.issued, wall_from_rfc3339(issued));
  SHILU_TRY(nonce.platform, json_string(json, "platform"));
  return nonce;
}

// One end of the window: where it is and by whom, or why there is none.
struct Bound {
  std::optional<WallTime> at;
  std::string words;
};

Result<Bound> lower_bound_of(const TimeEvidence& evidence) {
  if (evidence.nonce.empty())
    return Bound{std::nullopt, "no lower bound: the recording holds no nonce of a platform"};
  if (!evidence.platform_key)
    return Bound{std::nullopt,
                 "no lower bound: the key of the platform whose nonce the recording holds was not given"};
  SHILU_TRY(const auto envelope, DsseEnvelope::from_json(evidence.nonce));
  SHILU_TRY(const auto nonce, open_nonce(envelope, *evidence.platform_key));
  return Bound{nonce.issued, fmt::format("{} (nonce of {})", to_rfc3339(nonce.issued), nonce.platform)};
}

Result<Bound> upper_bound_of(const TimeEvidence& evidence) {
  Bound bound{std::nullopt, "no upper bound: no time stamp of the seal was given"};
  if (evidence.received)
    bound = {evidence.received, fmt::format("{} (receipt of the platform)", to_rfc3339(*evidence.received))};
  if (!evidence.time_stamp || evidence.seal_json.empty()) return bound;
  if (evidence.roots.empty()) {
    if (!bound.at) bound.words = "no upper bound: nobody was named who vouches for the time stamp";
    return bound;
  }
  SHILU_TRY(const auto stamp,
            read_time_stamp(*evidence.time_stamp, sha256(evidence.seal_json), evidence.roots));
  if (bound.at && *bound.at < stamp.time) return bound;
  return Bound{stamp.time, fmt::format("{} (time stamp of {})", to_rfc3339(stamp.time),
                                       stamp.server.empty() ? "a server without a name" : stamp.server)};
}

// A clock that calls itself synchronised and speaks of a time outside the window was set.
std::string contradiction(const TimeEvidence& evidence, const Bound& lower, const Bound& upper) {
  const auto& recorded = evidence.recorded;
  if (lower.at && recorded && recorded->synchronised && recorded->at.ns < lower.at->ns - kTolerance_ns) {
    return fmt::format(
        "it says that it was recorded at {}, and holds what was made at {}: the device's clock was set back",
        to_rfc3339(recorded->at), lower.words);
  }
  const auto& sealed = evidence.sealed;
  if (upper.at && sealed && sealed->synchronised && sealed->at.ns > upper.at->ns + kTolerance_ns) {
    return fmt::format("it says that it was sealed at {}, and was there at {}: the device's clock was ahead",
                       to_rfc3339(sealed->at), upper.words);
  }
  if (lower.at && upper.at && upper.at->ns < lower.at->ns - kTolerance_ns)
    return fmt::format("it was there at {}, and holds what was made at {}", upper.words, lower.words);
  return "";
}

}  // namespace

Result<DsseEnvelope> sign_nonce(const Nonce& nonce, const SigningKey& key) {
  const Json payload{{"format", kFormat},
                     {"issued_utc", to_rfc3339(nonce.issued)},
                     {"nonce", to_hex(nonce.value)},
                     {"platform", nonce.platform}};
  return dsse_sign(kNonceType, as_bytes(canonical_json(payload)), key);
}

Result<Nonce> open_nonce(const DsseEnvelope& envelope, const PublicKey& key) {
  if (envelope.payload_type != kNonceType)
    return fail(ErrorKind::kCorrupted, fmt::format("this is a {}, not a nonce", envelope.payload_type));
  if (!envelope.verified_by(key))
    return fail(ErrorKind::kPermissionDenied,
                "the nonce in the recording is not signed by the platform's key");
  auto nonce = parse_json(as_text(envelope.payload)).and_then(nonce_from);
  if (!nonce) return fail(ErrorKind::kCorrupted, nonce.error().message);
  return nonce;
}

TimeWindow find_window(const TimeEvidence& evidence) {
  const auto lower = lower_bound_of(evidence);
  if (!lower) return {"invalid", lower.error().message, std::nullopt};
  const auto upper = upper_bound_of(evidence);
  if (!upper) return {"invalid", upper.error().message, std::nullopt};
  if (auto problem = contradiction(evidence, *lower, *upper); !problem.empty())
    return {"contradicted", std::move(problem), std::nullopt};
  if (lower->at && upper->at)
    return {"bounded", fmt::format("between {} and {}", lower->words, upper->words), upper->at};
  if (lower->at)
    return {"not-before", fmt::format("not before {}; {}", lower->words, upper->words), std::nullopt};
  if (upper->at) return {"not-after", fmt::format("not after {}; {}", upper->words, lower->words), upper->at};
  return {"unbounded",
          fmt::format("only the device's own clock tells the time: {}; {}", lower->words, upper->words),
          std::nullopt};
}

}  // namespace shilu::evidence
