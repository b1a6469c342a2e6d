#include "upload/platform/review.h"

#include <fmt/format.h>

#include <algorithm>

#include "firmware/base/json_io.h"

namespace shilu::platform {
namespace {

constexpr std::size_t kMaxPieces = 64;
constexpr std::size_t kMaxComments = 500;
constexpr std::size_t kMaxRanges = 5000;
constexpr std::size_t kMaxText = 4000;

Result<std::string> bounded_text(const Json& object, std::string_view key) {
  std::string text = json_string_or(object, key, "");
  if (text.size() <= kMaxText) return text;
  return fail(ErrorKind::kInvalidArgument, fmt::format("\"{}\" is longer than {} bytes", key, kMaxText));
}

// The list `key` of an object, at most `most` long; empty if it is not there.
template <typename T, typename Read>
Result<std::vector<T>> read_list(const Json& object, std::string_view key, std::size_t most, Read read) {
  std::vector<T> values;
  const auto found = object.find(std::string(key));
  if (found == object.end() || found->is_null()) return values;
  if (!found->is_array() || found->size() > most) {
    return fail(ErrorKind::kInvalidArgument, fmt::format("\"{}\" must be a list of at most {}", key, most));
  }
  for (const Json& item : *found) {
    if (!item.is_object())
      return fail(ErrorKind::kInvalidArgument, fmt::format("\"{}\" must hold objects", key));
    SHILU_TRY(T value, read(item));
    values.push_back(std::move(value));
  }
  return values;
}

Result<Moment> read_moment(const Json& json) {
  Moment moment;
  SHILU_TRY(moment.at_ms, json_int(json, "at_ms"));
  SHILU_TRY(moment.source, bounded_text(json, "source"));
  return moment;
}

Result<PieceJudgement> read_piece(const Json& json) {
  PieceJudgement piece;
  SHILU_TRY(piece.title, json_string(json, "title"));
  SHILU_TRY(piece.comment, bounded_text(json, "comment"));
  SHILU_TRY(piece.moments, read_list<Moment>(json, "moments", kMaxComments, read_moment));
  if (const auto level = json.find("level"); level != json.end() && level->is_string())
    piece.level = level->get<std::string>();
  return piece;
}

Result<TimedComment> read_comment(const Json& json) {
  TimedComment comment;
  SHILU_TRY(comment.at_ms, json_int(json, "at_ms"));
  SHILU_TRY(comment.source, bounded_text(json, "source"));
  SHILU_TRY(comment.text, bounded_text(json, "text"));
  return comment;
}

Result<WatchedRange> read_range(const Json& json) {
  WatchedRange range;
  SHILU_TRY(range.source, bounded_text(json, "source"));
  SHILU_TRY(range.from_ms, json_int(json, "from_ms"));
  SHILU_TRY(range.to_ms, json_int(json, "to_ms"));
  return range;
}

Json piece_json(const PieceJudgement& piece) {
  Json moments = Json::array();
  for (const Moment& moment : piece.moments)
    moments.push_back({{"source", moment.source}, {"at_ms", moment.at_ms}});
  return {{"title", piece.title},
          {"level", piece.level ? Json(*piece.level) : Json(nullptr)},
          {"moments", std::move(moments)},
          {"comment", piece.comment}};
}

const PieceJudgement* find_piece(const Sheet& sheet, std::string_view title) {
  const auto found = std::find_if(sheet.pieces.begin(), sheet.pieces.end(),
                                  [&](const auto& piece) { return piece.title == title; });
  return found == sheet.pieces.end() ? nullptr : &*found;
}

bool can_be_cited(const Moment& moment, const Citable& citable) {
  const bool known =
      std::find(citable.sources.begin(), citable.sources.end(), moment.source) != citable.sources.end();
  return known && moment.at_ms >= 0 && moment.at_ms <= citable.duration_ms;
}

std::size_t rank_of(const std::string& level, const config::Catalogue& catalogue) {
  return static_cast<std::size_t>(std::find(catalogue.levels.begin(), catalogue.levels.end(), level) -
                                  catalogue.levels.begin());
}

}  // namespace

Json Sheet::to_json() const {
  Json json = {{"pieces", Json::array()}, {"comments", Json::array()}, {"watched", Json::array()}};
  for (const PieceJudgement& piece : pieces) json["pieces"].push_back(piece_json(piece));
  for (const TimedComment& comment : comments) {
    json["comments"].push_back(
        {{"at_ms", comment.at_ms}, {"source", comment.source}, {"text", comment.text}});
  }
  for (const WatchedRange& range : watched) {
    json["watched"].push_back({{"source", range.source}, {"from_ms", range.from_ms}, {"to_ms", range.to_ms}});
  }
  return json;
}

Result<Sheet> Sheet::from_json(const Json& json) {
  Sheet sheet;
  SHILU_TRY(sheet.pieces, read_list<PieceJudgement>(json, "pieces", kMaxPieces, read_piece));
  SHILU_TRY(sheet.comments, read_list<TimedComment>(json, "comments", kMaxComments, read_comment));
  SHILU_TRY(sheet.watched, read_list<WatchedRange>(json, "watched", kMaxRanges, read_range));
  return sheet;
}

Sheet for_point(Sheet sheet, const config::AbilityPoint& point) {
  std::vector<PieceJudgement> pieces;
  for (const config::EvidencePiece& wanted : point.evidence) {
    if (const PieceJudgement* piece = find_piece(sheet, wanted.title)) pieces.push_back(*piece);
  }
  sheet.pieces = std::move(pieces);
  return sheet;
}

std::optional<SheetFault> fault_of(const Sheet& sheet, const config::AbilityPoint& point,
                                   const config::Catalogue& catalogue, const Citable& citable) {
  for (const config::EvidencePiece& wanted : point.evidence) {
    const PieceJudgement* piece = find_piece(sheet, wanted.title);
    if (piece == nullptr || !piece->level) return SheetFault{"piece-without-level", wanted.title};
    if (rank_of(*piece->level, catalogue) == catalogue.levels.size())
      return SheetFault{"unknown-level", wanted.title};
    if (piece->moments.empty()) return SheetFault{"level-without-moment", wanted.title};
    if (!std::all_of(piece->moments.begin(), piece->moments.end(),
                     [&](const Moment& moment) { return can_be_cited(moment, citable); }))
      return SheetFault{"moment-outside-clip", wanted.title};
  }
  return std::nullopt;
}

Result<std::string> level_of(const Sheet& sheet, const config::Catalogue& catalogue) {
  std::vector<std::string> levels;
  for (const PieceJudgement& piece : sheet.pieces) {
    if (piece.level) levels.push_back(*piece.level);
  }
  return catalogue.judge(levels);
}

Result<Outcome> outcome_of(const std::vector<Sheet>& handed_in, const config::Catalogue& catalogue) {
  if (handed_in.size() < 2) return Outcome{};
  std::vector<std::string> levels;
  for (const Sheet& sheet : handed_in) {
    SHILU_TRY(std::string level, level_of(sheet, catalogue));
    levels.push_back(std::move(level));
  }
  if (levels[0] == levels[1]) return Outcome{Next::kDecided, levels[0], 0};
  if (levels.size() == 2) return Outcome{Next::kThirdAssessor, "", 0};
  // The middle of three by rank is the majority where two agree.
  std::vector<std::size_t> order = {0, 1, 2};
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return rank_of(levels[a], catalogue) < rank_of(levels[b], catalogue);
  });
  return Outcome{Next::kDecided, levels[order[1]], order[1]};
}

}  // namespace shilu::platform
