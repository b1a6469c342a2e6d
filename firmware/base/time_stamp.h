#pragma once
// RFC 3161 time stamps: somebody else's signed word that a digest was there by a time. Values; no network.

#include <optional>
#include <string>
#include <string_view>

#include "firmware/base/clock.h"
#include "firmware/base/digest.h"

namespace shilu {

inline constexpr std::string_view kTimeStampQueryType = "application/timestamp-query";
inline constexpr std::string_view kTimeStampReplyType = "application/timestamp-reply";

// TimeStampReq in DER: SHA-256, a random nonce, and please with the server's certificate.
Bytes make_time_stamp_query(const Digest& digest);

struct TimeStamp {
  WallTime time;
  std::int64_t accuracy_ms = 0;  // 0: not said
  std::string server;            // the subject of its certificate
};

// A TimeStampResp in DER, as the server sent it, to `query`. kCorrupted: it is none, or of another query;
// kPermissionDenied: the server refused. Says nothing of who the server is.
Status check_time_stamp_reply(ByteView reply, ByteView query);

// The reply proves that somebody whom `roots` (PEM certificates) vouch for saw `digest` by then. The server's
// certificate is judged at the time of the stamp, not of today. kCorrupted says what does not hold.
Result<TimeStamp> read_time_stamp(ByteView reply, const Digest& digest, std::string_view roots);

}  // namespace shilu
