#pragma once
// The sound front of a `checkpoints` file. Inside this module only.

#include <optional>

#include "capture/journal/checkpoint.h"

namespace shilu::journal {

struct CheckpointPrefix {
  std::vector<SignedCheckpoint> checkpoints;
  std::size_t size = 0;  // bytes that they take, newlines included
  // Why a whole line is no checkpoint although others follow it. A last one that is none is torn, newline or
  // not.
  std::optional<Error> error;
};
CheckpointPrefix read_checkpoint_prefix(std::string_view text, HeadKind kind = HeadKind::kLesson);

}  // namespace shilu::journal
