#include "upload/evidence/verify.h"

#include <algorithm>

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

Json VerifyReport::to_json() const {
  Json list = Json::array();
  for (const Fact& fact : facts) list.push_back(fact_json(fact));
  Json json{{"kind", kind}, {"size_bytes", size_bytes}, {"refuted", refuted()}, {"facts", std::move(list)}};
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
