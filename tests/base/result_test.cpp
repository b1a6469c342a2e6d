#include "firmware/base/result.h"

#include <catch2/catch.hpp>
#include <cerrno>
#include <memory>

using namespace shilu;

namespace {

Result<std::unique_ptr<int>> half(int value) {
  if (value % 2 != 0) return fail(ErrorKind::kInvalidArgument, "odd");
  return std::make_unique<int>(value / 2);
}

Result<int> quarter(int value) {
  SHILU_TRY(const auto first, half(value));
  SHILU_TRY(const auto second, half(*first));
  return *second;
}

Status check_even(int value) {
  SHILU_CHECK(half(value).map([](const auto&) {}));
  return {};
}

}  // namespace

TEST_CASE("the macros hand on the value or the error") {
  CHECK(quarter(8).value() == 2);
  CHECK(quarter(6).error().message == "odd");
  CHECK(check_even(2));
  CHECK(check_even(3).error().kind == ErrorKind::kInvalidArgument);
}

TEST_CASE("an error number becomes what the caller can do about it") {
  const auto [number, kind] = GENERATE(table<int, ErrorKind>({{ENOSPC, ErrorKind::kStorageFull},
                                                              {EDQUOT, ErrorKind::kStorageFull},
                                                              {ENOENT, ErrorKind::kNotFound},
                                                              {EEXIST, ErrorKind::kAlreadyExists},
                                                              {EACCES, ErrorKind::kPermissionDenied},
                                                              {EPERM, ErrorKind::kPermissionDenied},
                                                              {EROFS, ErrorKind::kPermissionDenied},
                                                              {EINVAL, ErrorKind::kInvalidArgument},
                                                              {ETIMEDOUT, ErrorKind::kTimedOut},
                                                              {ECONNREFUSED, ErrorKind::kUnavailable},
                                                              {EMFILE, ErrorKind::kUnavailable},
                                                              {EIO, ErrorKind::kUnavailable}}));
  CHECK(fail_errno(number, "x").value().kind == kind);
}

TEST_CASE("an error number is put into a sentence") {
  CHECK(fail_errno(ENOENT, "open /x").value().message == "cannot open /x: No such file or directory");
}

TEST_CASE("context stands in front and the kind stays") {
  const Error error = Error{ErrorKind::kTimedOut, "no answer"}.within("camera room");
  CHECK(error.message == "camera room: no answer");
  CHECK(error.kind == ErrorKind::kTimedOut);
}

TEST_CASE("kinds have names that programs may rely on") {
  CHECK(to_string(ErrorKind::kNotFound) == "not-found");
  CHECK(to_string(ErrorKind::kStorageFull) == "storage-full");
  CHECK(to_string(ErrorKind::kInternal) == "internal");
}
