#include "firmware/store/sqlite_error.h"

#include <fmt/format.h>
#include <sqlite3.h>

namespace shilu::store {
namespace {

ErrorKind kind_of_constraint(int extended_code) {
  switch (extended_code) {
    case SQLITE_CONSTRAINT_UNIQUE:
    case SQLITE_CONSTRAINT_PRIMARYKEY:
    case SQLITE_CONSTRAINT_ROWID:
      return ErrorKind::kAlreadyExists;
    case SQLITE_CONSTRAINT_FOREIGNKEY:
    case SQLITE_CONSTRAINT_TRIGGER:
      return ErrorKind::kFailedPrecondition;
    default:  // check, not null, data type
      return ErrorKind::kInvalidArgument;
  }
}

ErrorKind kind_of(int extended_code) {
  switch (extended_code & 0xff) {
    case SQLITE_CONSTRAINT:
      return kind_of_constraint(extended_code);
    case SQLITE_FULL:
      return ErrorKind::kStorageFull;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return ErrorKind::kCorrupted;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_IOERR:
    case SQLITE_PROTOCOL:
    case SQLITE_NOMEM:
      return ErrorKind::kUnavailable;
    case SQLITE_PERM:
    case SQLITE_READONLY:
    case SQLITE_AUTH:
      return ErrorKind::kPermissionDenied;
    case SQLITE_CANTOPEN:
      return ErrorKind::kNotFound;
    case SQLITE_TOOBIG:
      return ErrorKind::kInvalidArgument;
    case SQLITE_INTERRUPT:
      return ErrorKind::kCancelled;
    default:
      return ErrorKind::kInternal;
  }
}

}  // namespace

tl::unexpected<Error> fail_sqlite(sqlite3* connection, std::string_view doing) {
  return fail(kind_of(sqlite3_extended_errcode(connection)),
              fmt::format("cannot {}: {}", doing, sqlite3_errmsg(connection)));
}

}  // namespace shilu::store
