#include "firmware/portal/package_keeper.h"

#include "upload/sender/package_files.h"

namespace shilu::portal {

std::filesystem::path package_file(const Context& context, const std::string& submission_id) {
  return context.settings.data_directory / "packages" / (submission_id + ".zip");
}

Status withdraw(const Context& context, const std::string& submission_id) {
  SHILU_CHECK(context.store.withdraw_submission(submission_id));
  return sender::remove_package_files(package_file(context, submission_id));
}

Status sweep_withdrawn_packages(const Context& context) {
  SHILU_TRY(const auto submissions, context.store.submissions());
  for (const store::Submission& one : submissions) {
    if (one.state != store::SubmissionState::kWithdrawn) continue;
    SHILU_CHECK(sender::remove_package_files(package_file(context, one.id)));
  }
  return {};
}

}  // namespace shilu::portal
