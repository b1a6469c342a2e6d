#pragma once
// What assessors say, and what follows from it. Values and rules; no I/O. docs/ref/platform-api.md, "Review".

#include <optional>
#include <string>
#include <vector>

#include "config/catalogue.h"
#include "firmware/base/json.h"
#include "firmware/base/result.h"

namespace shilu::platform {

struct Moment {
  std::string source;
  std::int64_t at_ms = 0;  // of the clip
};

struct PieceJudgement {
  std::string title;
  std::optional<std::string> level;
  std::vector<Moment> moments;
  std::string comment;
};

struct TimedComment {
  std::int64_t at_ms = 0;
  std::string source;
  std::string text;
};

struct WatchedRange {
  std::string source;
  std::int64_t from_ms = 0;
  std::int64_t to_ms = 0;
};

// One assessor's sheet: a draft until it is handed in.
struct Sheet {
  std::vector<PieceJudgement> pieces;
  std::vector<TimedComment> comments;
  std::vector<WatchedRange> watched;

  Json to_json() const;
  // Bounded: at most 64 pieces, 500 comments, 5,000 ranges, 4,000 bytes a text. Members that are missing are
  // empty.
  static Result<Sheet> from_json(const Json& json);
};

// The sheet with the pieces that the point asks for, in its order, each at most once; others are left out.
Sheet for_point(Sheet sheet, const config::AbilityPoint& point);

// Why a sheet cannot be handed in yet; `code` as the API names it.
struct SheetFault {
  std::string code;   // "piece-without-level", "level-without-moment", "unknown-level", "moment-outside-clip"
  std::string piece;  // its title
};

// Where a moment can lie: a source of the clips, not behind their end.
struct Citable {
  std::vector<std::string> sources;
  std::int64_t duration_ms = 0;
};

std::optional<SheetFault> fault_of(const Sheet& sheet, const config::AbilityPoint& point,
                                   const config::Catalogue& catalogue, const Citable& citable);

// The point's level on a sheet without fault that is for_point.
Result<std::string> level_of(const Sheet& sheet, const config::Catalogue& catalogue);

// What the sheets handed in so far mean for the submission.
enum class Next { kWait, kThirdAssessor, kDecided };
struct Outcome {
  Next next = Next::kWait;
  std::string level;         // kDecided
  std::size_t deciding = 0;  // index of the sheet whose pieces stand in the verdict
};
// Two equal levels decide; two different ones need a third sheet, whose level decides by majority, and the
// middle one if all three differ.
Result<Outcome> outcome_of(const std::vector<Sheet>& handed_in, const config::Catalogue& catalogue);

}  // namespace shilu::platform
