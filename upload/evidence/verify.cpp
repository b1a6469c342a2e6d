#include "upload/evidence/verify.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "firmware/base/json_io.h"

namespace shilu::evidence {
namespace {

Json fact_json(const Fact& fact) {
  Json json{{"fact", fact.fact},
            {"value", fact.value},
            {"detail", fact.detail},
            {"good", fact.good},
            {"bad", fact.bad}};
  if (fact.clip != 0) json["clip"] = fact.clip;
  return json;
}

// From good to bad.
constexpr std::array<std::string_view, 5> kIntegrity = {"intact", "intact-with-declared-gaps",
                                                        "unsigned-tail", "cannot-check", "altered"};

// Which of kIntegrity a fact makes of it; 0 where it says nothing of the bytes.
int rank_of(const Fact& fact) {
  constexpr std::array<std::string_view, 7> kOfTheBytes = {"structure",  "contents", "seal", "recording",
                                                           "continuity", "marks",    "tail"};
  if (std::find(kOfTheBytes.begin(), kOfTheBytes.end(), fact.fact) == kOfTheBytes.end()) return 0;
  if (fact.bad) return 4;
  if (fact.value == "cannot-check") return 3;
  if (fact.value == "unsigned") return 2;
  return fact.value == "whole-with-declared-gaps" ? 1 : 0;
}

Json summary_json(const PackageSummary& summary) {
  return {{"name", summary.name},           {"programme", summary.programme},
          {"catalogue", summary.catalogue}, {"point", summary.point},
          {"lesson_id", summary.lesson_id}, {"device_id", summary.device_id},
          {"pseudonym", summary.pseudonym}, {"binding", summary.binding}};
}

}  // namespace

bool VerifyReport::refuted() const {
  return std::any_of(facts.begin(), facts.end(), [](const Fact& fact) { return fact.bad; });
}

Fact VerifyReport::integrity() const {
  Fact answer{"integrity", "intact", "every part is as it was recorded and packed", 0, true, false};
  int worst = 0;
  for (const Fact& fact : facts) {
    const int rank = rank_of(fact);
    if (rank <= worst) continue;
    worst = rank;
    const std::string where =
        fact.clip == 0 ? fact.detail : fmt::format("clip {}: {}", fact.clip, fact.detail);
    answer = {"integrity", std::string(kIntegrity[static_cast<std::size_t>(rank)]), where, 0, rank == 1,
              rank == 4};
  }
  return answer;
}

Json VerifyReport::to_json() const {
  Json list = Json::array();
  for (const Fact& fact : facts) list.push_back(fact_json(fact));
  Json json{{"kind", kind}, {"size_bytes", size_bytes}, {"refuted", refuted()}, {"facts", std::move(list)}};
  const Fact whole = integrity();
  json["integrity"] = {{"value", whole.value}, {"detail", whole.detail}};
  if (kind == "package") json["sha256"] = to_hex(sha256);
  if (summary) json["summary"] = summary_json(*summary);
  return json;
}

Result<VerifyReport> verify(const std::filesystem::path& path, const VerifyOptions& options) {
  std::error_code ignored;
  return std::filesystem::is_directory(path, ignored) ? verify_lesson(path, options)
                                                      : verify_package(path, options);
}

}  // namespace shilu::evidence
