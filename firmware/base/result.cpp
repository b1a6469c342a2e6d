#include "firmware/base/result.h"

#include <fmt/format.h>

#include <cerrno>
#include <system_error>

namespace shilu {
namespace {

ErrorKind kind_of_errno(int error_number) {
  switch (error_number) {
    case ENOSPC:
    case EDQUOT:
      return ErrorKind::kStorageFull;
    case ENOENT:
    case ENOTDIR:
    case ENODEV:
    case ENXIO:
      return ErrorKind::kNotFound;
    case EEXIST:
      return ErrorKind::kAlreadyExists;
    case EACCES:
    case EPERM:
    case EROFS:
      return ErrorKind::kPermissionDenied;
    case EINVAL:
    case ENAMETOOLONG:
    case EISDIR:
    case ELOOP:
      return ErrorKind::kInvalidArgument;
    case ENOTEMPTY:
    case EADDRINUSE:
    case EBUSY:
    case ETXTBSY:
      return ErrorKind::kFailedPrecondition;
    case ETIMEDOUT:
      return ErrorKind::kTimedOut;
    case ECANCELED:
      return ErrorKind::kCancelled;
    case EBADF:
    case EFAULT:
      return ErrorKind::kInternal;
    default:  // EIO, EAGAIN, ECONNREFUSED, ECONNRESET, EPIPE, EMFILE, ENOMEM, ...: it may work later
      return ErrorKind::kUnavailable;
  }
}

}  // namespace

std::string_view to_string(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kInvalidArgument:
      return "invalid-argument";
    case ErrorKind::kNotFound:
      return "not-found";
    case ErrorKind::kAlreadyExists:
      return "already-exists";
    case ErrorKind::kFailedPrecondition:
      return "failed-precondition";
    case ErrorKind::kPermissionDenied:
      return "permission-denied";
    case ErrorKind::kStorageFull:
      return "storage-full";
    case ErrorKind::kCorrupted:
      return "corrupted";
    case ErrorKind::kUnavailable:
      return "unavailable";
    case ErrorKind::kTimedOut:
      return "timed-out";
    case ErrorKind::kCancelled:
      return "cancelled";
    case ErrorKind::kInternal:
      return "internal";
  }
  return "internal";
}

Error Error::within(std::string_view context) const {
  return {kind, fmt::format("{}: {}", context, message)};
}

tl::unexpected<Error> fail_errno(int error_number, std::string_view doing) {
  // generic_category().message() is strerror without its shared buffer.
  return fail(kind_of_errno(error_number),
              fmt::format("cannot {}: {}", doing, std::generic_category().message(error_number)));
}

}  // namespace shilu
