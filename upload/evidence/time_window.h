#pragma once
// When was it, by others than the device? A nonce of the platform in lesson.json bounds the recording from
// below, an RFC 3161 time stamp over the seal (or the platform's receipt) bounds all of it from above.
// docs/ref/package.md, "Time".

#include <optional>
#include <string>
#include <vector>

#include "firmware/base/clock.h"
#include "firmware/base/dsse.h"
#include "firmware/base/time_stamp.h"

namespace shilu::evidence {

inline constexpr std::string_view kNonceType = "application/vnd.shilu.nonce+json";

// What the platform gives to whoever asks: nobody could have known it before.
struct Nonce {
  Digest value{};
  WallTime issued;
  std::string platform;
};
Result<DsseEnvelope> sign_nonce(const Nonce& nonce, const SigningKey& key);
// kCorrupted: wrong type or content; kPermissionDenied: not signed by `key`.
Result<Nonce> open_nonce(const DsseEnvelope& envelope, const PublicKey& key);

// A time by the device's own clock.
struct SaidTime {
  WallTime at;
  bool synchronised = false;
};

// What is known of the time, before it is told.
struct TimeEvidence {
  std::string nonce;                      // DSSE envelope of lesson.json; empty: none
  std::optional<PublicKey> platform_key;  // that must have signed it
  std::optional<Bytes> time_stamp;        // RFC 3161 reply over the SHA-256 of seal.json
  std::string roots;                      // PEM of who vouches for time stamp servers
  std::string seal_json;                  // empty: a lesson's folder, which has none
  std::optional<WallTime> received;       // by a receipt that holds
  // What the device says itself: the earliest signature of the recording, and the seal.
  std::optional<SaidTime> recorded, sealed;
};

struct TimeWindow {
  std::string value;                  // bounded | not-before | not-after | unbounded | contradicted | invalid
  std::string detail;                 // a sentence
  std::optional<WallTime> not_after;  // proven
};
TimeWindow find_window(const TimeEvidence& evidence);

}  // namespace shilu::evidence
