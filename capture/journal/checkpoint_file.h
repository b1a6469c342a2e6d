#pragma once
// The sound front of a `checkpoints` file. Inside this module only.

#include <optional>

#include "capture/journal/checkpoint.h"

namespace shilu::journal {

struct CheckpointPrefix {
  std::vector<SignedCheckpoint> checkpoints;
  std::size_t size = 0;  // bytes that they take, newlines included
  std::optional<Error>
      error;  // why the next whole line is none; nothing where the file ends or its last line is torn
  std::size_t bad_line_end = 0;  // with `error`: where that line ends
};
CheckpointPrefix read_checkpoint_prefix(std::string_view text);

}  // namespace shilu::journal
