#include "firmware/store/migration.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <cerrno>

#include "firmware/base/unique_fd.h"

namespace shilu::store {
namespace {

Result<std::int64_t> pragma_number(Database& database, std::string_view name) {
  SHILU_TRY(const auto value,
            at_most_one(database.query(fmt::format("pragma {}", name)), single<std::int64_t>));
  return value.value_or(0);
}

Result<std::int64_t> count_of_tables(Database& database) {
  SHILU_TRY(const auto count,
            at_most_one(database.query("select count(*) from sqlite_schema"), single<std::int64_t>));
  return count.value_or(0);
}

// The version the database is at; an error if it is not ours to touch.
Result<std::int64_t> admissible_version(Database& database, const Schema& schema,
                                        const std::filesystem::path& file) {
  SHILU_TRY(const auto one_view, Transaction::begin(database, Lock::kRead));
  SHILU_TRY(const auto version, pragma_number(database, "user_version"));
  SHILU_TRY(const auto application_id, pragma_number(database, "application_id"));
  SHILU_TRY(const auto tables, count_of_tables(database));
  if ((version > 0 || tables > 0) && application_id != schema.application_id) {
    return fail(ErrorKind::kFailedPrecondition,
                fmt::format("{} is the database of another program", file.string()));
  }
  const auto newest = schema.migrations.empty() ? 0 : schema.migrations.back().version;
  if (version > newest) {
    return fail(
        ErrorKind::kFailedPrecondition,
        fmt::format("{} was written by a newer program: its schema is version {}, this program knows {}",
                    file.string(), version, newest));
  }
  return version;
}

Status keep_copy(Database& database, const std::filesystem::path& file, std::int64_t version) {
  auto copy = file;
  copy += fmt::format(".v{}", version);
  // Made empty and private first: "vacuum into" takes over an empty file with its mode.
  const UniqueFd fd(::open(copy.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (!fd || ::fchmod(fd.get(), 0600) != 0) return fail_errno(errno, fmt::format("create {}", copy.string()));
  return database.run("vacuum into ?1", copy.string()).map([](std::int64_t) {});
}

Status apply(Database& database, const Schema& schema, const Migration& migration) {
  SHILU_TRY(auto transaction, Transaction::begin(database));
  // Asked again under the lock: another process may have been faster.
  SHILU_TRY(const auto version, pragma_number(database, "user_version"));
  if (version >= migration.version) return {};
  if (version + 1 != migration.version) {
    return fail(ErrorKind::kInternal,
                fmt::format("there is no way from schema {} to {}", version, migration.version));
  }
  SHILU_CHECK(database.execute(std::string(migration.sql)));
  SHILU_CHECK(database.execute(fmt::format("pragma user_version = {}; pragma application_id = {};",
                                           migration.version, schema.application_id)));
  SHILU_CHECK(database.check());
  return transaction.commit();
}

Status apply_all(Database& database, const Schema& schema) {
  for (const auto& migration : schema.migrations) {
    const auto applied = apply(database, schema, migration);
    if (!applied) return fail(applied.error().within(fmt::format("schema version {}", migration.version)));
  }
  return {};
}

}  // namespace

Status migrate(Database& database, const Schema& schema, const std::filesystem::path& file) {
  SHILU_TRY(const auto version, admissible_version(database, schema, file));
  if (schema.migrations.empty() || version == schema.migrations.back().version) return {};
  if (version > 0) SHILU_CHECK(keep_copy(database, file, version));
  // Rebuilding a table drops the old one, which with foreign keys on would delete what refers to it
  // (sqlite.org/lang_altertable.html, section 7). The pragma does nothing inside a transaction.
  SHILU_CHECK(database.execute("pragma foreign_keys = off"));
  const auto applied = apply_all(database, schema);
  SHILU_CHECK(database.execute("pragma foreign_keys = on"));
  return applied;
}

}  // namespace shilu::store
