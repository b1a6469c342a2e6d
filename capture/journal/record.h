#pragma once
// The journal's records: values and their bytes. docs/ref/journal.md.

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "firmware/base/digest.h"
#include "firmware/base/json.h"
#include "firmware/lesson/lesson_time.h"
#include "firmware/lesson/mark.h"
#include "firmware/lesson/track.h"

namespace shilu::journal {

enum FragmentFlag : std::uint16_t { kKey = 1, kGapBefore = 2, kClosedAtLimit = 4, kClockSuspect = 8 };

struct FragmentRecord {
  std::uint16_t track = 0;
  std::uint16_t epoch = 0;
  std::uint16_t flags = 0;
  std::uint32_t sequence = 0;
  std::uint32_t size = 0;
  std::uint64_t offset = 0;
  std::int64_t start_ticks = 0;
  std::uint64_t duration_ticks = 0;
  std::uint32_t samples = 0;
  std::uint32_t samples_expected = 0;
  Digest fragment_sha256{};
  Digest payload_sha256{};
};

struct EpochEvent {
  std::uint16_t track = 0;
  std::string name;  // "room.video"
  std::uint16_t epoch = 0;
  std::string codec;
  std::uint32_t timescale = 0;
  std::uint16_t width = 0, height = 0;
  std::uint32_t sample_rate = 0;
  std::uint16_t channels = 0;
  std::uint32_t nominal_ticks = 0;
  std::uint32_t header_size = 0;
  Digest header_sha256{};
};
MediaKind kind_of(const EpochEvent& event);  // by its name

struct StartEvent {
  std::string utc;
};
struct MarkEvent {
  Mark mark;
};
struct MarkUndoneEvent {
  std::string id;
};
struct GapEvent {
  std::string track;
  LessonTime from, to;
  std::string reason;
};
struct ClockEvent {
  std::string utc;
  bool synchronised = false;
  std::int64_t error_ms = 0;
};
struct SignInEvent {
  Digest subject_sha256{};
};
struct RecoveredEvent {
  std::uint64_t lost_bytes = 0;
  std::uint64_t records = 0;
};
// The lesson goes on under another relation of its time to the machine's: after a reboot, or a sleep of the
// machine.
struct RebaseEvent {
  std::string boot_id;
  MonotonicTime start_monotonic;  // of that boot, where lesson time 0 lies from here on; may be negative
  bool synchronised = false;      // both wall clocks that it was derived from were
  std::int64_t error_ms = 0;      // how far off it may be
  std::string reason;             // "reboot", "suspend"
};
// A private moment began: from here on nothing is recorded, also after a restart, until a PrivateEvent or the
// stop.
struct PrivateBeginEvent {};
struct PrivateEvent {
  LessonTime from, to;
};
// The teacher stopped and may take it back for a while. Without a ContinuedEvent behind it the lesson ended
// there.
struct StoppingEvent {
  std::int64_t duration_ms = 0;
  std::string reason;
};
struct ContinuedEvent {
  LessonTime from, to;
};
struct ExtendedEvent {
  std::int64_t planned_ms = 0;  // from here on
};
// Fragments of one track, `first` to `last` by sequence, whose payload was taken off the disk.
struct RedactedStretch {
  std::string track;
  std::uint32_t first = 0, last = 0;
  LessonTime from, to;  // what they covered
};
struct RedactionEvent {
  LessonTime from, to;  // what was asked for; whole fragments go
  std::optional<Digest> subject_sha256;
  bool after_stop = false;
  std::vector<RedactedStretch> stretches;
};
inline constexpr std::string_view kRedactedReason = "redacted";  // of the gap that a redaction leaves
// All payloads that redactions before this one name are gone from the disk.
struct RedactionDoneEvent {
  bool after_stop = false;
};
struct StopEvent {
  std::int64_t duration_ms = 0;
  std::string reason;
};
// An event of a later version: kept as it stands.
struct OtherEvent {
  std::string name;
};

using EventBody =
    std::variant<EpochEvent, StartEvent, MarkEvent, MarkUndoneEvent, GapEvent, ClockEvent, SignInEvent,
                 RecoveredEvent, RebaseEvent, PrivateBeginEvent, PrivateEvent, StoppingEvent, ContinuedEvent,
                 ExtendedEvent, RedactionEvent, RedactionDoneEvent, StopEvent, OtherEvent>;
struct EventRecord {
  LessonTime at;
  EventBody body;
};

using Record = std::variant<FragmentRecord, EventRecord>;

inline constexpr std::string_view kMagic = "SHLJRNL1";
inline constexpr std::size_t kMaxRecordBody = 1u << 20;

// A body with its frame, length and CRC: exactly the bytes of a leaf.
Bytes frame(ByteView body);
struct Framed {
  ByteView body;
  std::size_t size = 0;  // bytes taken, frame included
};
// nullopt: there is no whole, sound one at the front.
std::optional<Framed> unframe(ByteView bytes);

// Length, CRC and body: exactly the bytes of the leaf.
Bytes encode(const Record& record);

struct DecodedRecord {
  Record record;
  std::size_t size = 0;  // bytes taken, length and CRC included
};
// The record at the front of `bytes`; nullopt when they do not hold one complete, sound record (the journal
// ends). kCorrupted: sound CRC but a body that no version-1 writer makes.
Result<std::optional<DecodedRecord>> decode(ByteView bytes);

}  // namespace shilu::journal
