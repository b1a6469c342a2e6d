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

struct ClaimedSource {
  std::string name;  // "room"
  ClaimedFile file;
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

  std::string to_json() const;
  // kCorrupted unless `text` is byte for byte what to_json writes of what it says.
  static Result<Evidence> from_json(std::string_view text);
};

}  // namespace shilu::evidence
