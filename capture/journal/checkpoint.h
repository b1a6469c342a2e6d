#pragma once
// Signed tree heads. docs/ref/journal.md, "Checkpoints".

#include <string>
#include <vector>

#include "firmware/base/dsse.h"
#include "firmware/lesson/lesson_time.h"

namespace shilu::journal {

// Which tree a head is of. The device log's (docs/ref/device-log.md) says `log_id` where a lesson's says
// `lesson_id`.
enum class HeadKind { kLesson, kDeviceLog };
std::string_view checkpoint_type(HeadKind kind);  // the payload type of its envelope

inline constexpr std::string_view kCheckpointType = "application/vnd.shilu.checkpoint+json";

struct Checkpoint {
  std::string lesson_id;  // or the log's id
  std::uint64_t tree_size = 0;
  Digest root{};
  Digest previous{};  // of the line before
  LessonTime at;
  std::string utc;
  bool synchronised = false;
  std::int64_t error_ms = 0;
  std::string reason;
  HeadKind kind = HeadKind::kLesson;

  Bytes payload() const;  // what is signed
  static Result<Checkpoint> from_payload(ByteView payload, HeadKind kind = HeadKind::kLesson);
};

struct SignedCheckpoint {
  Checkpoint checkpoint;
  DsseEnvelope envelope;
  std::string line;  // as it stands in the file, without newline
};

// Fails where the key does: a TPM that does not answer.
Result<SignedCheckpoint> sign_checkpoint(const Checkpoint& checkpoint, const SigningKey& key);
// A torn last line (without its newline, or no checkpoint) is left out. Says nothing about signatures.
Result<std::vector<SignedCheckpoint>> parse_checkpoints(std::string_view text,
                                                        HeadKind kind = HeadKind::kLesson);

}  // namespace shilu::journal
