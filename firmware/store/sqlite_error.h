#pragma once
// Inside this module: what SQLite says, as an Error.

#include <string_view>

#include "firmware/base/result.h"

struct sqlite3;

namespace shilu::store {

// From the connection's last failed call.
tl::unexpected<Error> fail_sqlite(sqlite3* connection, std::string_view doing);

}  // namespace shilu::store
