#include "upload/platform/intake.h"

#include "firmware/base/digest.h"
#include "firmware/base/log.h"

namespace shilu::platform {
namespace {

namespace fs = std::filesystem;

Status drop(const Context& context, const Upload& upload, std::string_view why) {
  log_warning("intake: upload={} device={} dropped: {}", upload.id, upload.device_id, why);
  return context.uploads.remove(upload);
}

// A second name for the same bytes, so that either the upload or the package is whole at any moment. What
// stands under a digest already holds the same bytes.
Status put_under_digest(const fs::path& upload, const fs::path& package) {
  std::error_code error;
  fs::create_hard_link(upload, package, error);
  if (error && error != std::errc::file_exists) return fail_errno(error.value(), "link " + package.string());
  return posix_file_system().sync_directory(package.parent_path());
}

// The package is here already: for its sender that is as good as taken.
Status pass_over(const Context& context, const Upload& upload, const fs::path& file) {
  log_info("intake: upload={} device={} was here already", upload.id, upload.device_id);
  SHILU_CHECK(context.store.set_taken(upload.id));
  return posix_file_system().remove(file);
}

Status take_in(const Context& context, const Upload& upload) {
  const fs::path file = context.uploads.path_of(upload);
  const auto digest = context.uploads.digest_of(upload);
  if (!digest && digest.error().kind == ErrorKind::kNotFound)
    return drop(context, upload, "its file is gone");
  if (!digest) return fail(digest.error());
  const std::string sha256 = to_hex(*digest);
  if (upload.announced_sha256 && *upload.announced_sha256 != sha256)
    return drop(context, upload, "what came is not what was announced; the device will send it again");
  const fs::path package = context.settings.package_path(sha256);
  SHILU_CHECK(put_under_digest(file, package));
  SHILU_CHECK(context.store.forget_rejected(sha256));  // who sends it again wants to know again
  const auto begun = context.store.begin_verification(upload, sha256);
  if (begun) return posix_file_system().remove(file);
  if (begun.error().kind == ErrorKind::kAlreadyExists) return pass_over(context, upload, file);
  // Terminated meanwhile; the sweep removes the file that nobody speaks of.
  if (begun.error().kind == ErrorKind::kFailedPrecondition) return {};
  return begun;
}

}  // namespace

Status take_in_uploads(const Context& context) {
  SHILU_TRY(const auto uploads, context.store.complete_uploads());
  for (const Upload& upload : uploads) {
    // One that cannot be read for now holds up no other; it is tried again at the next tick.
    if (const auto taken = take_in(context, upload); !taken)
      log_error("intake: upload={}: {}", upload.id, taken.error().message);
  }
  return {};
}

}  // namespace shilu::platform
