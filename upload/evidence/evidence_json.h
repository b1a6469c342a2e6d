#pragma once
// data/evidence.json: what a package claims. Values and their one text. docs/ref/package.md;
// config/schemas/evidence.schema.json.

#include <map>
#include <string>
#include <vector>

#include "firmware/base/digest.h"
#include "firmware/lesson/lesson_time.h"

namespace shilu::evidence {

inline constexpr std::string_view kSignedIn = "signed-in";
inline constexpr std::string_view kAsserted = "asserted";

// A file of the package as evidence.json speaks of it.
struct ClaimedFile {
  std::string file;  // "data/documents/document-1.pdf"
  Digest sha256{};
  std::uint64_t size_bytes = 0;
};

// A stretch of a source with one set of codec parameters: one file.
struct ClaimedPart {
  TimeRange range;  // whole milliseconds of lesson time
  ClaimedFile file;
};

struct ClaimedSource {
  std::string name;                // "room"
  std::vector<ClaimedPart> parts;  // at least one; they tile the clip's range
};

struct ClaimedClip {
  TimeRange range;    // whole milliseconds of lesson time
  std::string piece;  // title of the evidence piece that it serves; may be empty
  std::vector<ClaimedSource> sources;
};

struct ClaimedDocument {
  std::string title;
  std::string media_type;
  ClaimedFile file;
};

// Made of a clip by somebody: re-encoded, blurred, with a title card. Nothing of the clip's proof is its own.
struct ClaimedDerivative {
  std::string media_type;
  ClaimedFile file;
  std::string from_file;  // of the same package: "data/clips/clip-1/room.mp4"
  Digest from_sha256{};
  std::string recipe;  // what was done to it, for people or as JSON
};

struct Evidence {
  std::string software;
  std::string programme, catalogue;
  std::string point_code, point_name;
  std::string pseudonym;
  std::string binding;  // kSignedIn or kAsserted
  std::string lesson_id, start_utc;
  std::int64_t duration_ms = 0;
  std::map<std::string, std::string> fields;
  std::vector<ClaimedClip> clips;  // clips[i] has the index i + 1
  std::vector<ClaimedDocument> documents;
  std::vector<ClaimedDerivative> derived;

  std::string to_json() const;
  // kCorrupted unless `text` is byte for byte what to_json writes of what it says.
  static Result<Evidence> from_json(std::string_view text);
};

}  // namespace shilu::evidence
