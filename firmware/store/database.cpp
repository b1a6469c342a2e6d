#include "firmware/store/database.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sqlite3.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdlib>

#include "firmware/base/clock.h"
#include "firmware/base/file_system.h"
#include "firmware/base/unique_fd.h"
#include "firmware/store/migration.h"
#include "firmware/store/sqlite_error.h"

namespace shilu::store {
namespace {

constexpr int kBusyTimeoutMs = 10'000;
constexpr std::string_view kBlank = " \t\r\n;";

// SQLite would make the file with the umask's mode; it holds hashes of PINs. The journal files take over its
// mode.
Status make_private_file(const std::filesystem::path& file) {
  const UniqueFd fd(::open(file.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!fd && errno == EEXIST) return {};
  if (!fd) return fail_errno(errno, fmt::format("create {}", file.string()));
  return posix_file_system().sync_directory(file.has_parent_path() ? file.parent_path() : ".");
}

int bind_value(sqlite3_stmt* statement, int position, const Value& value) {
  // Text and bytes are copied: a statement may live longer than what was bound to it. An empty view may hold
  // a null pointer, which SQLite would take for NULL.
  struct Binder {
    sqlite3_stmt* statement;
    int position;
    int operator()(std::monostate) const { return sqlite3_bind_null(statement, position); }
    int operator()(std::int64_t number) const { return sqlite3_bind_int64(statement, position, number); }
    int operator()(double number) const { return sqlite3_bind_double(statement, position, number); }
    int operator()(std::string_view text) const {
      return sqlite3_bind_text64(statement, position, text.empty() ? "" : text.data(), text.size(),
                                 SQLITE_TRANSIENT, SQLITE_UTF8);
    }
    int operator()(ByteView bytes) const {
      if (bytes.empty()) return sqlite3_bind_zeroblob(statement, position, 0);
      return sqlite3_bind_blob64(statement, position, bytes.data(), bytes.size(), SQLITE_TRANSIENT);
    }
  };
  return std::visit(Binder{statement, position}, value);
}

// Turning a new file to WAL takes a lock for which SQLite does not wait: of several that open it at once, the
// others are told "busy" whatever the timeout.
Status configure(Database& database) {
  const SystemClock clock;
  const auto deadline = clock.monotonic() + std::chrono::milliseconds(kBusyTimeoutMs);
  for (;;) {
    auto done =
        database.execute("pragma journal_mode = wal; pragma synchronous = full; pragma foreign_keys = on;");
    if (done || done.error().kind != ErrorKind::kUnavailable || clock.monotonic() > deadline) return done;
    sqlite3_sleep(5);
  }
}

}  // namespace

void Row::expect_columns(std::size_t count) const {
  if (static_cast<std::size_t>(sqlite3_column_count(statement_)) != count) std::abort();  // a defect of ours
}

bool Row::is_null(int column) const {
  return sqlite3_column_type(statement_, column) == SQLITE_NULL;
}

void Row::read_column(int column, std::int64_t& into) const {
  into = sqlite3_column_int64(statement_, column);
}
void Row::read_column(int column, bool& into) const {
  into = sqlite3_column_int64(statement_, column) != 0;
}
void Row::read_column(int column, double& into) const {
  into = sqlite3_column_double(statement_, column);
}

void Row::read_column(int column, std::string& into) const {
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
  into.assign(text == nullptr ? "" : text,
              static_cast<std::size_t>(sqlite3_column_bytes(statement_, column)));
}

void Row::read_column(int column, Bytes& into) const {
  const auto* bytes = static_cast<const std::uint8_t*>(sqlite3_column_blob(statement_, column));
  into.assign(bytes, bytes + sqlite3_column_bytes(statement_, column));
}

void Statement::Finalize::operator()(sqlite3_stmt* statement) const {
  sqlite3_finalize(statement);
}

Result<bool> Statement::step() {
  const int status = sqlite3_step(handle_.get());
  if (status == SQLITE_ROW) return true;
  if (status == SQLITE_DONE) return false;
  return fail_sqlite(sqlite3_db_handle(handle_.get()), "use the database");
}

void Database::Close::operator()(sqlite3* connection) const {
  // _v2: a statement that outlives its database keeps the connection until it ends, instead of a leak.
  sqlite3_close_v2(connection);
}

Result<Database> Database::open(const std::filesystem::path& file, const Schema& schema) {
  SHILU_CHECK(make_private_file(file));
  sqlite3* raw = nullptr;
  const int status =
      sqlite3_open_v2(file.c_str(), &raw, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nullptr);
  Database database(raw);
  const auto doing = fmt::format("open the database {}", file.string());
  if (status != SQLITE_OK) return fail_sqlite(raw, doing);
  sqlite3_extended_result_codes(raw, 1);
  sqlite3_busy_timeout(raw, kBusyTimeoutMs);
  if (const auto ready = configure(database); !ready) return fail(ready.error().within(doing));
  SHILU_CHECK(migrate(database, schema, file));
  return database;
}

Result<Statement> Database::prepare(std::string_view sql, std::span<const Value> values) {
  sqlite3_stmt* raw = nullptr;
  const char* rest = nullptr;
  const int status = sqlite3_prepare_v2(handle_.get(), sql.data(), static_cast<int>(sql.size()), &raw, &rest);
  Statement statement(raw);
  if (status != SQLITE_OK) return fail_sqlite(handle_.get(), "prepare a statement");
  const std::string_view behind(rest, static_cast<std::size_t>(sql.data() + sql.size() - rest));
  const bool one = raw != nullptr && behind.find_first_not_of(kBlank) == behind.npos;
  if (!one || sqlite3_bind_parameter_count(raw) != static_cast<int>(values.size())) {
    return fail(ErrorKind::kInternal,
                fmt::format("not one statement with {} values: {}", values.size(), sql));
  }
  int position = 0;
  for (const auto& value : values) {
    if (bind_value(raw, ++position, value) != SQLITE_OK) return fail_sqlite(handle_.get(), "bind a value");
  }
  return statement;
}

Result<std::int64_t> Database::run_with(std::string_view sql, std::span<const Value> values) {
  SHILU_TRY(auto statement, prepare(sql, values));
  const auto before = sqlite3_total_changes64(handle_.get());
  SHILU_TRY(const bool row, statement.step());
  if (row) return fail(ErrorKind::kInternal, fmt::format("a statement to run gave a row: {}", sql));
  // changes() alone keeps the number of an earlier statement when this one is no insert, update or delete.
  return sqlite3_total_changes64(handle_.get()) == before ? 0 : sqlite3_changes64(handle_.get());
}

Status Database::execute(const std::string& sql) {
  if (sqlite3_exec(handle_.get(), sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK) return {};
  return fail_sqlite(handle_.get(), "use the database");
}

Status Database::check() {
  SHILU_TRY(const auto findings, all(query("pragma integrity_check"), single<std::string>));
  if (findings != std::vector<std::string>{"ok"}) {
    return fail(ErrorKind::kCorrupted, fmt::format("the database is damaged: {}", findings.front()));
  }
  SHILU_TRY(const auto orphans,
            all(query("select \"table\" from pragma_foreign_key_check"), single<std::string>));
  if (orphans.empty()) return {};
  return fail(ErrorKind::kCorrupted,
              fmt::format("a row of \"{}\" refers to one that is not there", orphans.front()));
}

Result<Transaction> Transaction::begin(Database& database, Lock lock) {
  SHILU_CHECK(database.execute(lock == Lock::kWrite ? "begin immediate" : "begin"));
  return Transaction(database);
}

Status Transaction::commit() {
  SHILU_CHECK(database_->execute("commit"));
  database_ = nullptr;
  return {};
}

Transaction::~Transaction() {
  if (database_ == nullptr) return;
  // Some errors (a full disk) have rolled back already; then this one says so, which is no news.
  (void)database_->execute("rollback");
}

}  // namespace shilu::store
