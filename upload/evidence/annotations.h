#pragma once
// data/annotations.jsonld: the teacher's notes at moments of the clips, as W3C Web Annotations (Web
// Annotation Data Model, 2017, sections 3.2.4, 4.2.1 and 5). A note points into every file that shows its
// moment, by a media fragment (Media Fragments URI 1.0, 4.2.1: "t=12.500" or "t=12.500,15.000", in the file's
// own time).

#include <optional>
#include <string>
#include <vector>

#include "upload/evidence/evidence_json.h"

namespace shilu::evidence {

inline constexpr std::size_t kMaxNotes = 1000;
inline constexpr std::size_t kMaxNoteBytes = 8000;

struct Note {
  std::size_t clip = 1;               // index of the clip, from 1
  std::int64_t at_ms = 0;             // in the clip's time
  std::optional<std::int64_t> to_ms;  // behind at_ms; a moment has none
  std::string text;
};

// kInvalidArgument: a moment outside its clip, an empty text, one that is too long, too many.
Status check_notes(const Evidence& evidence, const std::vector<Note>& notes);

// The notes in the order given.
std::string annotations_text(const Evidence& evidence, const std::vector<Note>& notes);
// kCorrupted unless `text` is what annotations_text writes of notes in the clips of `evidence`.
Result<std::vector<Note>> parse_annotations(std::string_view text, const Evidence& evidence);

}  // namespace shilu::evidence
