#pragma once
// Ability points, evidence pieces, levels: versioned data that a province can replace. The code knows none by
// name. config/catalogues/*.json; their JSON Schemas in config/schemas/.

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "firmware/base/json.h"
#include "firmware/base/result.h"

namespace shilu::config {

// "confirmed": a source says so. "unconfirmed": a default that a school must check; shown as such.
struct EvidencePiece {
  std::string kind;  // "document", "video", "artifact", "student_feedback"
  std::string title;
  std::string note;
  std::string status;
  std::optional<double> max_minutes;
};

struct AbilityPoint {
  std::string code;  // "A6"
  std::string name;
  std::string environment;
  std::string dimension;
  std::string summary;
  std::string capture_hint;
  std::string name_status;
  std::vector<EvidencePiece> evidence;
};

struct Catalogue {
  std::string id;  // "cn-2.0"
  std::string title;
  std::vector<std::string> levels;  // best first
  std::string point_rule;
  std::vector<AbilityPoint> points;

  const AbilityPoint* find(std::string_view code) const;
  // InvalidArgument with the nearest code and name when unknown.
  Result<const AbilityPoint*> require(std::string_view code) const;
  // The point's level from its pieces' levels by the catalogue's rule.
  Result<std::string> judge(const std::vector<std::string>& piece_levels) const;
  Json to_json() const;  // as GET /api/catalogue answers
};

Result<Catalogue> load_catalogue(const std::filesystem::path& file);

// The catalogue built into the program (cn-2.0), for the command line without configuration.
const std::string& default_catalogue_json();
Result<Catalogue> parse_catalogue(std::string_view json);

}  // namespace shilu::config
