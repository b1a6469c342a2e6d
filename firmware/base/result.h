#pragma once
// What can fail returns Result<T>. The kind tells the caller what it can do about it; the message is a whole
// sentence for a person and names the thing that failed ("the camera at 10.0.0.8 refused the password").

#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>

namespace shilu {

enum class ErrorKind {
  kInvalidArgument,     // the request itself is wrong; do not repeat it
  kNotFound,            //
  kAlreadyExists,       //
  kFailedPrecondition,  // right request, wrong moment (not recording, port in use)
  kPermissionDenied,    //
  kStorageFull,         //
  kCorrupted,           // stored or received bytes are not what they claim to be
  kUnavailable,         // try again later
  kTimedOut,            //
  kCancelled,           //
  kInternal,            // a defect of ours
};

std::string_view to_string(ErrorKind kind);  // "not-found"; stable, used in JSON

struct Error {
  ErrorKind kind = ErrorKind::kInternal;
  std::string message;

  // The same error with what was being done put in front: "<context>: <message>".
  Error within(std::string_view context) const;
};

template <typename T>
using Result = tl::expected<T, Error>;
using Status = Result<void>;

inline tl::unexpected<Error> fail(ErrorKind kind, std::string message) {
  return tl::make_unexpected(Error{kind, std::move(message)});
}
inline tl::unexpected<Error> fail(Error error) {
  return tl::make_unexpected(std::move(error));
}

// From errno (ENOSPC, EDQUOT -> kStorageFull, ENOENT -> kNotFound, EEXIST, EACCES/EPERM/EROFS, ...).
// `doing` is a verb phrase: "write /srv/lessons/x/journal".
tl::unexpected<Error> fail_errno(int error_number, std::string_view doing);

}  // namespace shilu

#define SHILU_CONCAT_(a, b) a##b
#define SHILU_CONCAT(a, b) SHILU_CONCAT_(a, b)

// SHILU_TRY(auto x, f());   x is the value, or the enclosing function returns the error.
#define SHILU_TRY(declaration, expression) \
  SHILU_TRY_(SHILU_CONCAT(result_, __LINE__), declaration, expression)
#define SHILU_TRY_(name, declaration, expression)                   \
  auto name = (expression);                                         \
  if (!name) return ::tl::make_unexpected(std::move(name).error()); \
  declaration = std::move(*name)

// SHILU_CHECK(f());   f returns a Status; the enclosing function returns its error.
#define SHILU_CHECK(expression)                                                       \
  do {                                                                                \
    auto shilu_status = (expression);                                                 \
    if (!shilu_status) return ::tl::make_unexpected(std::move(shilu_status).error()); \
  } while (false)
