// Packages, receipts and verdicts.

#include "upload/platform/platform_store_impl.h"

namespace shilu::platform {
namespace {

constexpr std::string_view kPackage =
    "select sha256, device, size_bytes, state, received_utc_ms, reasons, facts, programme, point, "
    "lesson_id, shown, receipt_number, receipt, verdict from packages ";

Result<PackageState> state_from(std::string_view text) {
  for (const auto state : {PackageState::kVerifying, PackageState::kAcknowledged, PackageState::kRejected}) {
    if (to_string(state) == text) return state;
  }
  return fail(ErrorKind::kCorrupted, "a package is in no known state");
}

Result<Package> read_package(const store::Row& row) {
  Package package;
  std::string state;
  row.read(package.sha256, package.device_id, package.size_bytes, state, package.received_utc_ms,
           package.reasons, package.facts, package.programme, package.point, package.lesson_id, package.shown,
           package.receipt_number, package.receipt, package.verdict);
  SHILU_TRY(package.state, state_from(state));
  return package;
}

std::string with(std::string_view where) {
  return std::string(kPackage) + std::string(where);
}

Status insert_reviews(store::Database& database, std::string_view package,
                      const std::vector<std::string>& assessors) {
  for (const std::string& assessor : assessors) {
    SHILU_TRY(std::ignore, database.run("insert into reviews values (?1, ?2, ?3, 0, 'new', '{}', null)",
                                        new_uuid(), package, assessor));
  }
  return {};
}

}  // namespace

std::string_view to_string(PackageState state) {
  switch (state) {
    case PackageState::kVerifying:
      return "verifying";
    case PackageState::kAcknowledged:
      return "acknowledged";
    case PackageState::kRejected:
      return "rejected";
  }
  return "";
}

Status PlatformStore::begin_verification(const Upload& upload, std::string_view sha256) {
  const std::lock_guard lock(impl_->mutex);
  auto& database = impl_->database;
  SHILU_TRY(auto transaction, store::Transaction::begin(database));
  SHILU_TRY(std::ignore, database.run("insert into packages values (?1, ?2, ?3, 'verifying', ?4, '[]', "
                                      "'[]', '', '', '', '{}', null, null, null)",
                                      sha256, upload.device_id, upload.size_bytes, impl_->now_ms()));
  SHILU_CHECK(expect_step(database.run("update uploads set taken = 1 where id = ?1 and taken = 0", upload.id),
                          "the upload was terminated"));
  return transaction.commit();
}

Result<std::optional<Package>> PlatformStore::package(std::string_view sha256) {
  const std::lock_guard lock(impl_->mutex);
  return store::at_most_one(impl_->database.query(with("where sha256 = ?1"), sha256), read_package);
}

Result<std::vector<Package>> PlatformStore::packages_to_verify() {
  const std::lock_guard lock(impl_->mutex);
  return store::all(impl_->database.query(with("where state = 'verifying' order by received_utc_ms, sha256")),
                    read_package);
}

Result<std::vector<Package>> PlatformStore::packages_without_verdict() {
  const std::lock_guard lock(impl_->mutex);
  return store::all(impl_->database.query(with(
                        "where state = 'acknowledged' and verdict is null order by received_utc_ms, sha256")),
                    read_package);
}

Result<std::int64_t> PlatformStore::next_receipt_number() {
  const std::lock_guard lock(impl_->mutex);
  SHILU_TRY(const auto last,
            store::at_most_one(impl_->database.query("select coalesce(max(receipt_number), 0) from packages"),
                               store::single<std::int64_t>));
  return last.value_or(0) + 1;
}

Status PlatformStore::acknowledge(std::string_view sha256, const Accepted& accepted,
                                  const std::optional<Identity>& identity, std::int64_t receipt_number,
                                  std::string_view receipt, const std::vector<std::string>& assessors) {
  const std::lock_guard lock(impl_->mutex);
  auto& database = impl_->database;
  SHILU_TRY(auto transaction, store::Transaction::begin(database));
  SHILU_CHECK(expect_step(
      database.run("update packages set state = 'acknowledged', programme = ?2, point = ?3, lesson_id = ?4, "
                   "shown = ?5, facts = ?6, receipt_number = ?7, receipt = ?8 "
                   "where sha256 = ?1 and state = 'verifying'",
                   sha256, accepted.programme, accepted.point, accepted.lesson_id, accepted.shown,
                   accepted.facts, receipt_number, receipt),
      "the package is not being verified"));
  if (identity) {
    SHILU_TRY(std::ignore, database.run("insert into identities values (?1, ?2, ?3, ?4)", sha256,
                                        identity->teacher_id, identity->signed_in, identity->fields));
  }
  SHILU_CHECK(insert_reviews(database, sha256, assessors));
  return transaction.commit();
}

Status PlatformStore::reject(std::string_view sha256, std::string_view reasons, std::string_view facts) {
  const std::lock_guard lock(impl_->mutex);
  return expect_step(
      impl_->database.run(
          "update packages set state = 'rejected', reasons = ?2, facts = ?3 where sha256 = ?1 and "
          "state = 'verifying'",
          sha256, reasons, facts),
      "the package is not being verified");
}

Status PlatformStore::forget_rejected(std::string_view sha256) {
  const std::lock_guard lock(impl_->mutex);
  return done(impl_->database.run("delete from packages where sha256 = ?1 and state = 'rejected'", sha256));
}

Status PlatformStore::set_verdict(std::string_view sha256, std::string_view verdict) {
  const std::lock_guard lock(impl_->mutex);
  return expect_step(
      impl_->database.run(
          "update packages set verdict = ?2 where sha256 = ?1 and verdict is null and receipt is not null",
          sha256, verdict),
      "the package has its verdict already");
}

}  // namespace shilu::platform
