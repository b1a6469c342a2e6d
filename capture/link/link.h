#pragma once
// What a capture process and the recorder say to each other, over the Unix socket that the capture process
// listens on. One message of firmware/base/unix_socket.h each: u8 type, then the fields, big-endian.
// docs/ref/processes.md. The capture side keeps every access unit until the recorder has called it durable
// (or 30 s), so that a recorder that died loses nothing: its successor connects and gets all of them again.

#include <cstdint>
#include <string>
#include <variant>

#include "firmware/base/clock.h"
#include "firmware/lesson/track.h"

namespace shilu::link {

inline constexpr std::uint8_t kVersion = 1;

// Bytes. What is larger is no message: a capture leaves such units out.
inline constexpr std::size_t kMaxConfiguration = 64u << 10;
inline constexpr std::size_t kMaxUnit = 24u << 20;  // below kMaxMessage; a 4K intra frame has about 2 MiB

// capture -> recorder, first
struct Hello {
  std::string source;   // "room"
  std::string kind;     // "rtsp"
  std::string boot_id;  // times below are CLOCK_MONOTONIC of this boot
  std::uint32_t pid = 0;
};

// capture -> recorder: before the first unit of a kind, and again when the parameters change.
struct TrackParameters {
  MediaKind kind = MediaKind::kVideo;
  CodecParameters parameters;
  std::uint32_t nominal_ticks = 0;  // usual distance of two samples in ticks; 0: unknown
};

// capture -> recorder. Units of one kind come in decode order with rising `number` (from 1, never reset while
// the capture process lives). Audio units are one AAC frame each; the encoder's delay is already taken out of
// the times.
struct AccessUnit {
  MediaKind kind = MediaKind::kVideo;
  std::uint64_t number = 0;
  MonotonicTime decode_time;
  MonotonicTime presentation_time;
  bool sync = false;           // IDR / IRAP; every audio frame
  bool discontinuity = false;  // units were lost before this one (network, reconnect)
  Bytes data;                  // video: NAL units with 4-byte lengths, no parameter sets, no AUD
};

enum class SourceState : std::uint8_t { kConnecting, kLive, kLost };
std::string_view to_string(SourceState state);

// capture -> recorder, at every change; `detail` is a sentence ("The camera at 127.0.0.1:8554 refused the
// password.").
struct StateChange {
  SourceState state = SourceState::kConnecting;
  std::string detail;
  // Stable. Connecting: "", "asking" (somebody has to allow it), "no-change". Live: "", or
  // is_without_picture(): "no-key", "no-picture". Lost: "renewal" (for a picture to begin with), "refused"
  // (nobody at the port), "unreachable" (no such name, or no answer), "password", "no-stream", "no-data",
  // "no-key", "ended", "no-device", "denied", "not-asked", "unsupported", "failed".
  std::string code;
};

// Of a live source: only its sound can be recorded, though a picture was announced.
inline bool is_without_picture(std::string_view code) {
  return code == "no-key" || code == "no-picture";
}

// recorder -> capture: everything up to `number` of this kind is durable (or not wanted) and may be
// forgotten.
struct Durable {
  MediaKind kind = MediaKind::kVideo;
  std::uint64_t number = 0;
};

// recorder -> capture: a lesson waits for a picture that needs no other. The capture gets one, by connecting
// anew.
struct NeedKey {};

// recorder -> capture: end in good order.
struct Shutdown {};

using Message = std::variant<Hello, TrackParameters, AccessUnit, StateChange, Durable, NeedKey, Shutdown>;

Bytes encode(const Message& message);
Result<Message> decode(ByteView bytes);  // kCorrupted with the reason

}  // namespace shilu::link
