#pragma once
// Signed tree heads. docs/ref/journal.md, "Checkpoints".

#include <string>
#include <vector>

#include "firmware/base/dsse.h"
#include "firmware/lesson/lesson_time.h"

namespace shilu::journal {

inline constexpr std::string_view kCheckpointType = "application/vnd.shilu.checkpoint+json";

struct Checkpoint {
  std::string lesson_id;
  std::uint64_t tree_size = 0;
  Digest root{};
  Digest previous{};  // of the line before
  LessonTime at;
  std::string utc;
  bool synchronised = false;
  std::int64_t error_ms = 0;
  std::string reason;

  Bytes payload() const;  // what is signed
  static Result<Checkpoint> from_payload(ByteView payload);
};

struct SignedCheckpoint {
  Checkpoint checkpoint;
  DsseEnvelope envelope;
  std::string line;  // as it stands in the file, without newline
};

SignedCheckpoint sign_checkpoint(const Checkpoint& checkpoint, const SigningKey& key);
// A torn last line (without its newline, or no checkpoint) is left out. Says nothing about signatures.
Result<std::vector<SignedCheckpoint>> parse_checkpoints(std::string_view text);

}  // namespace shilu::journal
