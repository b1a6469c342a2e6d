#include "upload/platform/examine.h"

#include <algorithm>
#include <variant>

#include "firmware/base/file_system.h"
#include "firmware/base/json_io.h"
#include "upload/evidence/identity.h"
#include "upload/evidence/package_reader.h"
#include "upload/platform/device_log_book.h"
#include "upload/platform/key_registry.h"
#include "upload/platform/shown.h"

namespace shilu::platform {
namespace {

std::string facts_json(const std::vector<evidence::Fact>& facts) {
  Json list = Json::array();
  for (const evidence::Fact& fact : facts) {
    list.push_back(
        {{"fact", fact.fact}, {"value", fact.value}, {"detail", fact.detail}, {"clip", fact.clip}});
  }
  return canonical_json(list);
}

// Who the teacher is, or the reason why that cannot be told.
std::variant<Identity, Reason> identify(const Context& context, const std::filesystem::path& file,
                                        std::string_view binding) {
  const auto opened = evidence::open_identity(file, context.identity_key);
  if (!opened) return reason_of_code("identity-unreadable", opened.error().message);
  if (binding == evidence::kSignedIn && !opened->signed_in) return reason_of_code("teacher-altered", "");
  const auto teacher = evidence::identity_from_json(opened->json);
  if (!teacher) return reason_of_code("identity-unreadable", teacher.error().message);
  return Identity{opened->teacher_id, opened->signed_in, canonical_json(teacher->fields)};
}

// Who sealed it, then who sent it: another device of the school may have carried it.
Result<std::vector<std::string>> devices_behind(const Context& context, const Package& package,
                                                const evidence::PackageSummary* summary) {
  std::vector<std::string> ids;
  if (summary != nullptr) {
    SHILU_TRY(ids, devices_of(context, summary->device_keys));
  }
  if (std::find(ids.begin(), ids.end(), package.device_id) == ids.end()) ids.push_back(package.device_id);
  return ids;
}

// Every word by which an assessor could recognise the teacher, the school or the recorder.
std::vector<std::string> telling_words(const Identity& identity, const evidence::PackageSummary& summary,
                                       const std::vector<Device>& involved) {
  std::vector<std::string> words{identity.teacher_id, summary.pseudonym, summary.lesson_id,
                                 summary.device_id};
  for (const Device& device : involved) {
    words.push_back(device.id);
    words.push_back(device.name);
  }
  const auto fields = parse_json(identity.fields);
  if (!fields) return words;
  for (const auto& [name, value] : fields->items()) words.push_back(value.get<std::string>());
  return words;
}

// Another try may find the file readable; everything else is wrong with what stands in it.
bool is_of_the_disk(const Error& error) {
  return error.kind == ErrorKind::kUnavailable || error.kind == ErrorKind::kInternal ||
         error.kind == ErrorKind::kStorageFull || error.kind == ErrorKind::kPermissionDenied;
}

Status take(const Context& context, const Package& package, const evidence::PackageSummary& summary,
            Examination& examination) {
  SHILU_TRY(const auto reader, evidence::PackageReader::open(context.settings.package_path(package.sha256)));
  SHILU_TRY(const auto claims, evidence::Evidence::from_json(summary.evidence_json));
  SHILU_TRY(auto involved, context.store.devices());
  SHILU_TRY(const auto ids, devices_behind(context, package, &summary));
  std::erase_if(involved, [&](const Device& device) {
    return std::find(ids.begin(), ids.end(), device.id) == ids.end();
  });
  const Blindfold blindfold(telling_words(examination.identity, summary, involved));
  SHILU_TRY(const Json shown, make_shown(reader, claims, examination.facts, blindfold));
  examination.accepted = {summary.programme, summary.point, summary.lesson_id, canonical_json(shown),
                          facts_json(examination.facts)};
  return {};
}

}  // namespace

Result<Examination> examine(const Context& context, const Package& package) {
  const std::filesystem::path file = context.settings.package_path(package.sha256);
  SHILU_TRY(evidence::VerifyOptions options, verify_options(context));
  if (auto stamp = read_file(context.settings.time_stamp_path(package.sha256), 1u << 20))
    options.time_stamp = std::move(*stamp);
  SHILU_TRY(evidence::VerifyReport report, evidence::verify_package(file, options));
  Examination examination;
  examination.facts = std::move(report.facts);
  SHILU_TRY(const auto behind, devices_behind(context, package, report.summary ? &*report.summary : nullptr));
  SHILU_TRY(evidence::Fact log, log_fact(context, behind));
  examination.facts.push_back(std::move(log));
  examination.accepted.facts = facts_json(examination.facts);
  examination.reasons = reasons_against(examination.facts);
  if (!examination.reasons.empty()) return examination;
  if (!report.summary) return fail(ErrorKind::kInternal, "a package without a fault has no summary");
  examination.reasons = reasons_against(*report.summary, context.catalogue);
  if (!examination.reasons.empty()) return examination;
  auto identity = identify(context, file, report.summary->binding);
  if (auto* reason = std::get_if<Reason>(&identity)) {
    examination.reasons.push_back(std::move(*reason));
    return examination;
  }
  examination.identity = std::move(std::get<Identity>(identity));
  const auto taken = take(context, package, *report.summary, examination);
  if (!taken && is_of_the_disk(taken.error())) return fail(taken.error());
  if (!taken) examination.reasons.push_back(reason_of_code("cannot-check", taken.error().message));
  return examination;
}

}  // namespace shilu::platform
