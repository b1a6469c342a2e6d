#pragma once
// data/marks*.vtt: the marks inside one clip as a WebVTT metadata track (W3C WebVTT 1, section 4), one cue
// per mark: its id, where it lies in the clip, and JSON {"at_ms","point"}. All times are of the clip.

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "firmware/base/result.h"
#include "firmware/lesson/mark.h"

namespace shilu::evidence {

struct MarkCue {
  std::string id;
  std::int64_t from_ms = 0;
  std::int64_t to_ms = 0;
  std::int64_t at_ms = 0;  // the press; may lie outside the clip
  std::optional<std::string> point;
};

// The marks that reach into `clip`, in the order of their times; undone ones are left out.
std::vector<MarkCue> cues_of(std::span<const Mark> marks, TimeRange clip, Nanoseconds lesson_duration);

std::string web_vtt_text(std::span<const MarkCue> cues);
// kCorrupted unless `text` is what web_vtt_text writes.
Result<std::vector<MarkCue>> parse_web_vtt(std::string_view text);

}  // namespace shilu::evidence
