#pragma once
// How a database gets its tables, and how an old one becomes a new one. Forward only.

#include <cstdint>
#include <span>
#include <string_view>

#include "firmware/store/database.h"

namespace shilu::store {

struct Migration {
  int version = 0;  // 1, 2, 3, ... without a hole
  std::string_view
      sql;  // from the version before to this one; may rebuild tables (foreign keys are checked at its end)
};

struct Schema {
  std::int32_t application_id = 0;  // PRAGMA application_id: tells our databases apart
  std::span<const Migration> migrations;
};

// Brings the database to the newest version, each migration in one transaction with PRAGMA user_version:
// after a power cut it is at one version or the next. An old database is first copied beside itself,
// "<file>.v<version>". kFailedPrecondition, and nothing changed: the database is of a newer program, or not
// of this one.
Status migrate(Database& database, const Schema& schema, const std::filesystem::path& file);

}  // namespace shilu::store
