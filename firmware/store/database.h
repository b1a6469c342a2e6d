#pragma once
// SQLite behind values: thin owners in which a wrong call does not compile. The only module that includes
// sqlite3.h. A Database is one connection and thread-bound; several connections, in several processes too,
// may have one file open: readers never wait (WAL), writers wait for each other up to the busy timeout, then
// kUnavailable. What was committed survives a power cut (synchronous=FULL).
//
// Errors: kAlreadyExists - a unique or primary key; kFailedPrecondition - a foreign key or a trigger;
// kInvalidArgument
// - a check, not null or type; kStorageFull; kCorrupted; kUnavailable - busy or the disk failed; kInternal -
// bad SQL.

#include <array>
#include <concepts>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "firmware/base/bytes.h"
#include "firmware/base/result.h"

struct sqlite3;
struct sqlite3_stmt;

namespace shilu::store {

// --- What can be bound: whole numbers up to 63 bits, bool, double, text, bytes, nullopt and optionals of
// these. Not: 64-bit unsigned numbers (SQLite has none), characters, enums.
using Value = std::variant<std::monostate, std::int64_t, double, std::string_view, ByteView>;

template <typename T>
concept WholeNumber = std::integral<T> && !std::same_as<T, char> &&
                      (sizeof(T) < sizeof(std::int64_t) || std::signed_integral<T>);

template <WholeNumber T>
Value to_value(T number) {
  return static_cast<std::int64_t>(number);
}
template <std::same_as<double> T>
Value to_value(T number) {
  return number;
}
inline Value to_value(std::string_view text) {
  return text;
}
inline Value to_value(ByteView bytes) {
  return bytes;
}
inline Value to_value(std::nullopt_t) {
  return std::monostate();
}
template <typename T>
requires requires(const T& value) {
  to_value(value);
}
Value to_value(const std::optional<T>& value) {
  return value ? to_value(*value) : Value();
}

template <typename T>
concept Bindable = requires(const T& value) {
  { to_value(value) } -> std::same_as<Value>;
};

// --- What a column can be read as. A NULL in what is no optional reads as 0 or empty, as SQLite does it.
template <typename T>
concept PlainColumn = std::same_as<T, std::int64_t> || std::same_as<T, bool> || std::same_as<T, double> ||
    std::same_as<T, std::string> || std::same_as<T, Bytes>;
template <typename T>
struct IsOptionalColumn : std::false_type {};
template <PlainColumn T>
struct IsOptionalColumn<std::optional<T>> : std::true_type {};
template <typename T>
concept Readable = PlainColumn<T> || IsOptionalColumn<T>::value;

// The present row of a statement; valid until its next step.
class Row {
 public:
  // All columns, in the order of the select; their number must be that of the variables (else it aborts).
  template <Readable... T>
  void read(T&... into) const {
    expect_columns(sizeof...(T));
    int column = 0;
    (read_column(column++, into), ...);
  }

 private:
  friend class Statement;
  explicit Row(sqlite3_stmt* statement) : statement_(statement) {}
  void expect_columns(std::size_t count) const;
  bool is_null(int column) const;
  void read_column(int column, std::int64_t& into) const;
  void read_column(int column, bool& into) const;
  void read_column(int column, double& into) const;
  void read_column(int column, std::string& into) const;
  void read_column(int column, Bytes& into) const;
  template <PlainColumn T>
  void read_column(int column, std::optional<T>& into) const {
    into.reset();
    if (!is_null(column)) read_column(column, into.emplace());
  }

  sqlite3_stmt* statement_;
};

// A query that runs. While it lives and is not at its end it holds a view of the database as it was.
class Statement {
 public:
  Result<bool> step();  // true: there is a row
  Row row() const { return Row(handle_.get()); }

 private:
  friend class Database;
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };
  explicit Statement(sqlite3_stmt* statement) : handle_(statement) {}
  std::unique_ptr<sqlite3_stmt, Finalize> handle_;
};

struct Schema;

class Database {
 public:
  // Opens or makes the file (mode 0600) and brings it to the schema's newest version (migration.h).
  static Result<Database> open(const std::filesystem::path& file, const Schema& schema);

  // One statement with values for ?1, ?2, ... -> how many rows it inserted, changed or deleted.
  template <Bindable... T>
  Result<std::int64_t> run(std::string_view sql, const T&... values) {
    return run_with(sql, std::array<Value, sizeof...(T)>{to_value(values)...});
  }

  // One select with values for ?1, ?2, ...; see all() and at_most_one() below.
  template <Bindable... T>
  Result<Statement> query(std::string_view sql, const T&... values) {
    return prepare(sql, std::array<Value, sizeof...(T)>{to_value(values)...});
  }

  // Any number of statements without values; stops at the first that fails.
  Status execute(const std::string& sql);

  // PRAGMA integrity_check and foreign_key_check: kCorrupted names the first finding.
  Status check();

 private:
  friend class Transaction;
  struct Close {
    void operator()(sqlite3* connection) const;
  };
  explicit Database(sqlite3* connection) : handle_(connection) {}
  Result<Statement> prepare(std::string_view sql, std::span<const Value> values);
  Result<std::int64_t> run_with(std::string_view sql, std::span<const Value> values);

  std::unique_ptr<sqlite3, Close> handle_;
};

enum class Lock {
  kRead,   // every read sees the same state
  kWrite,  // and nobody else changes it: what was read inside still holds at the end
};

// All or nothing. Rolled back unless commit() succeeded. Borrows the database; not nested.
class Transaction {
 public:
  static Result<Transaction> begin(Database& database, Lock lock = Lock::kWrite);
  Status commit();
  ~Transaction();
  Transaction(Transaction&& other) noexcept : database_(std::exchange(other.database_, nullptr)) {}
  Transaction& operator=(Transaction&&) = delete;

 private:
  explicit Transaction(Database& database) : database_(&database) {}
  Database* database_;
};

// Reads every row.
template <typename T>
Result<std::vector<T>> all(Result<Statement> statement, Result<T> (*read)(const Row&)) {
  SHILU_TRY(auto query, std::move(statement));
  std::vector<T> values;
  for (;;) {
    SHILU_TRY(const bool more, query.step());
    if (!more) return values;
    SHILU_TRY(auto value, read(query.row()));
    values.push_back(std::move(value));
  }
}

// Reads the first row, if there is one.
template <typename T>
Result<std::optional<T>> at_most_one(Result<Statement> statement, Result<T> (*read)(const Row&)) {
  SHILU_TRY(auto query, std::move(statement));
  SHILU_TRY(const bool found, query.step());
  if (!found) return std::nullopt;
  SHILU_TRY(auto value, read(query.row()));
  return value;
}

// A reader of rows with one column: all(database.query("select id from ..."), single<std::string>).
template <Readable T>
Result<T> single(const Row& row) {
  T value{};
  row.read(value);
  return value;
}

}  // namespace shilu::store
