#include "config/catalogue.h"

#include <fmt/format.h>

#include <algorithm>

#include "config/nearest.h"
#include "firmware/base/file_system.h"
#include "firmware/base/json_io.h"

namespace shilu::config {
namespace {

Result<EvidencePiece> read_piece(const Json& object) {
  EvidencePiece piece;
  SHILU_TRY(piece.kind, json_string(object, "kind"));
  SHILU_TRY(piece.title, json_string(object, "title"));
  SHILU_TRY(piece.status, json_string(object, "status"));
  piece.note = json_string_or(object, "note", "");
  if (object.contains("max_minutes") && object["max_minutes"].is_number()) {
    piece.max_minutes = object["max_minutes"].get<double>();
  }
  return piece;
}

Result<AbilityPoint> read_point(const Json& object) {
  AbilityPoint point;
  SHILU_TRY(point.code, json_string(object, "code"));
  SHILU_TRY(point.name, json_string(object, "name"));
  SHILU_TRY(point.environment, json_string(object, "environment"));
  SHILU_TRY(point.dimension, json_string(object, "dimension"));
  SHILU_TRY(point.name_status, json_string(object, "name_status"));
  point.summary = json_string_or(object, "summary", "");
  point.capture_hint = json_string_or(object, "capture_hint", "");
  SHILU_TRY(const Json evidence, json_array(object, "evidence"));
  for (const Json& item : evidence) {
    SHILU_TRY(EvidencePiece piece, read_piece(item));
    point.evidence.push_back(std::move(piece));
  }
  return point;
}

Json piece_json(const EvidencePiece& piece) {
  Json json = {{"kind", piece.kind}, {"title", piece.title}, {"note", piece.note}, {"status", piece.status}};
  json["max_minutes"] = piece.max_minutes ? Json(*piece.max_minutes) : Json(nullptr);
  return json;
}

}  // namespace

const AbilityPoint* Catalogue::find(std::string_view code) const {
  const auto found =
      std::find_if(points.begin(), points.end(), [&](const auto& point) { return point.code == code; });
  return found == points.end() ? nullptr : &*found;
}

Result<const AbilityPoint*> Catalogue::require(std::string_view code) const {
  if (const AbilityPoint* point = find(code)) return point;
  std::vector<std::string_view> codes;
  for (const AbilityPoint& point : points) codes.push_back(point.code);
  const AbilityPoint* close = find(nearest(code, codes));
  return fail(ErrorKind::kInvalidArgument,
              fmt::format("the catalogue {} has no ability point \"{}\"; the nearest is {} {}", id, code,
                          close ? close->code : "", close ? close->name : ""));
}

Result<std::string> Catalogue::judge(const std::vector<std::string>& piece_levels) const {
  if (piece_levels.empty()) return fail(ErrorKind::kInvalidArgument, "no evidence piece was given a level");
  std::size_t worst = 0;
  for (const std::string& level : piece_levels) {
    const auto found = std::find(levels.begin(), levels.end(), level);
    if (found == levels.end()) {
      return fail(ErrorKind::kInvalidArgument, fmt::format("\"{}\" is not a level of {}", level, id));
    }
    worst = std::max(worst, static_cast<std::size_t>(found - levels.begin()));
  }
  // All best -> best, any worst -> worst, otherwise between: with levels best first that is the worst piece's
  // level.
  return levels[worst];
}

Json Catalogue::to_json() const {
  Json list = Json::array();
  for (const AbilityPoint& point : points) {
    Json evidence = Json::array();
    for (const EvidencePiece& piece : point.evidence) evidence.push_back(piece_json(piece));
    list.push_back({{"code", point.code},
                    {"name", point.name},
                    {"environment", point.environment},
                    {"dimension", point.dimension},
                    {"summary", point.summary},
                    {"capture_hint", point.capture_hint},
                    {"name_status", point.name_status},
                    {"evidence", std::move(evidence)}});
  }
  return {{"catalogue", id},
          {"title", title},
          {"levels", levels},
          {"point_rule", point_rule},
          {"points", std::move(list)}};
}

Result<Catalogue> parse_catalogue(std::string_view text) {
  SHILU_TRY(const Json json, parse_json(text));
  Catalogue catalogue;
  SHILU_TRY(catalogue.id, json_string(json, "catalogue"));
  SHILU_TRY(catalogue.title, json_string(json, "title"));
  SHILU_TRY(catalogue.point_rule, json_string(json, "point_rule"));
  SHILU_TRY(const Json levels, json_array(json, "levels"));
  for (const Json& level : levels) {
    if (!level.is_string()) return fail(ErrorKind::kInvalidArgument, "\"levels\" must hold texts");
    catalogue.levels.push_back(level.get<std::string>());
  }
  SHILU_TRY(const Json points, json_array(json, "points"));
  for (const Json& item : points) {
    SHILU_TRY(AbilityPoint point, read_point(item));
    if (catalogue.find(point.code) != nullptr) {
      return fail(ErrorKind::kInvalidArgument,
                  fmt::format("the ability point {} is there twice", point.code));
    }
    catalogue.points.push_back(std::move(point));
  }
  if (catalogue.levels.size() < 2 || catalogue.points.empty()) {
    return fail(ErrorKind::kInvalidArgument, "a catalogue needs at least two levels and one ability point");
  }
  return catalogue;
}

Result<Catalogue> load_catalogue(const std::filesystem::path& file) {
  SHILU_TRY(const std::string text, read_text_file(file, 16u << 20));
  auto catalogue = parse_catalogue(text);
  if (!catalogue) return fail(catalogue.error().within("the catalogue " + file.string()));
  return catalogue;
}

}  // namespace shilu::config
