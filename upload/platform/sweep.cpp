#include "upload/platform/sweep.h"

#include "firmware/base/log.h"
#include "upload/platform/object_intake.h"

namespace shilu::platform {
namespace {

// What cannot be removed for now holds up nothing else; the next sweep tries it again.
void told(std::string_view what, const Status& status) {
  if (!status) log_error("sweep: {}: {}", what, status.error().message);
}

Status remove_expired(const Context& context) {
  SHILU_TRY(const auto expired, context.store.expired_uploads());
  for (const Upload& upload : expired) {
    log_info("sweep: upload={} expired at {} of {} bytes", upload.id, upload.offset_bytes, upload.size_bytes);
    told(upload.id, give_up(context, upload));
  }
  return {};
}

Status remove_file(const std::filesystem::path& file) {
  log_info("sweep: {} belongs to nothing", file.filename().string());
  const auto removed = posix_file_system().remove(file);
  const bool gone = removed || removed.error().kind == ErrorKind::kNotFound;
  return gone ? Status() : removed;
}

Status sweep_uploads(const Context& context) {
  const auto directory = context.settings.directory / "uploads";
  SHILU_TRY(const auto names, posix_file_system().list(directory));
  for (const std::string& name : names) {
    SHILU_TRY(const auto upload, context.store.upload(name));
    if (!upload || upload->taken) told(name, remove_file(directory / name));
  }
  return {};
}

Status sweep_packages(const Context& context) {
  const auto directory = context.settings.directory / "packages";
  SHILU_TRY(const auto names, posix_file_system().list(directory));
  for (const std::string& name : names) {
    SHILU_TRY(const auto package, context.store.package(std::filesystem::path(name).stem().string()));
    const bool needed = package && package->state != PackageState::kRejected;
    if (!needed) told(name, remove_file(directory / name));
  }
  return {};
}

}  // namespace

void sweep(const Context& context) {
  told("uploads whose time is over", remove_expired(context));
  told("old offers", context.store.forget_old_offers());
  told("uploads", sweep_uploads(context));
  told("packages", sweep_packages(context));
}

}  // namespace shilu::platform
