#include "upload/platform/examine.h"

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

// Every word by which an assessor could recognise the teacher, the school or the recorder.
std::vector<std::string> telling_words(const Identity& identity, const evidence::PackageSummary& summary,
                                       const std::vector<Device>& devices, std::string_view uploader) {
  std::vector<std::string> words{identity.teacher_id, summary.pseudonym, summary.lesson_id,
                                 summary.device_id};
  for (const Device& device : devices) {
    if (device.id != summary.device_id && device.id != uploader) continue;
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
  SHILU_TRY(const auto devices, context.store.devices());
  const Blindfold blindfold(telling_words(examination.identity, summary, devices, package.device_id));
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
  SHILU_TRY(evidence::Fact log, log_fact(context, package.device_id));
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
