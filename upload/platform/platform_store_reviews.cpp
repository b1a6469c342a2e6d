// Assessors, their sessions and their reviews.

#include <algorithm>

#include "firmware/base/digest.h"
#include "firmware/base/sealed_box.h"
#include "upload/platform/platform_store_impl.h"

namespace shilu::platform {
namespace {

// After so many wrong PINs each further one costs a wait, twice as long as the one before.
struct Patience {
  std::int64_t free_failures, first_delay_ms, max_delay_ms;
};
constexpr Patience kOfAddress{4, 30'000, 900'000};
constexpr Patience kOfAccount{20, 1'000, 60'000};
constexpr std::string_view kEverywhere;  // the address that stands for all
constexpr std::int64_t kBusy_ms = 1000;

constexpr std::string_view kReview = "select id, package, assessor, third, state, sheet from reviews ";

std::string with(std::string_view where) {
  return std::string(kReview) + std::string(where);
}

Result<ReviewState> state_from(std::string_view text) {
  for (const auto state : {ReviewState::kNew, ReviewState::kDraft, ReviewState::kDone}) {
    if (to_string(state) == text) return state;
  }
  return fail(ErrorKind::kCorrupted, "a review is in no known state");
}

Result<Review> read_review(const store::Row& row) {
  Review review;
  std::string state;
  row.read(review.id, review.package, review.assessor, review.third, state, review.sheet);
  SHILU_TRY(review.state, state_from(state));
  return review;
}

Result<Assessor> read_assessor(const store::Row& row) {
  Assessor assessor;
  row.read(assessor.id, assessor.name);
  return assessor;
}

struct Failures {
  std::int64_t count = 0;
  std::int64_t blocked_until_utc_ms = 0;
};

Result<Failures> read_failures(const store::Row& row) {
  Failures failures;
  row.read(failures.count, failures.blocked_until_utc_ms);
  return failures;
}

std::int64_t delay_after(std::int64_t failures, const Patience& patience) {
  if (failures <= patience.free_failures) return 0;
  const std::int64_t doubled = std::min<std::int64_t>(failures - patience.free_failures - 1, 20);
  return std::min(patience.first_delay_ms << doubled, patience.max_delay_ms);
}

Result<Failures> failures_of(store::Database& database, std::string_view assessor, std::string_view address) {
  SHILU_TRY(const auto found,
            store::at_most_one(database.query("select failures, blocked_until_utc_ms from failed_sign_ins "
                                              "where assessor = ?1 and address = ?2",
                                              assessor, address),
                               read_failures));
  return found.value_or(Failures{});
}

Status count_failure(store::Database& database, std::string_view assessor, std::string_view address,
                     std::int64_t failures, std::int64_t blocked_until_utc_ms) {
  return done(database.run(
      "insert into failed_sign_ins values (?1, ?2, ?3, ?4) on conflict (assessor, address) do update set "
      "failures = excluded.failures, blocked_until_utc_ms = excluded.blocked_until_utc_ms",
      assessor, address, failures, blocked_until_utc_ms));
}

// Counts the try as failed before the PIN is looked at; how long to wait first, 0: go on.
Result<std::int64_t> admit(store::Database& database, std::string_view assessor, std::string_view address,
                           std::int64_t now) {
  SHILU_TRY(auto transaction, store::Transaction::begin(database));
  std::int64_t wait = 0;
  for (const auto& [where, patience] : {std::pair(address, kOfAddress), std::pair(kEverywhere, kOfAccount)}) {
    SHILU_TRY(const Failures failures, failures_of(database, assessor, where));
    wait = std::max(wait, std::min(failures.blocked_until_utc_ms - now, patience.max_delay_ms));
    SHILU_CHECK(count_failure(database, assessor, where, failures.count + 1,
                              now + delay_after(failures.count + 1, patience)));
  }
  if (wait > 0) return wait;  // not counted
  SHILU_CHECK(transaction.commit());
  return 0;
}

Result<std::optional<std::string>> pin_hash(store::Database& database, std::string_view assessor) {
  return store::at_most_one(
      database.query("select pin_hash from assessors where id = ?1 and active = 1", assessor),
      store::single<std::string>);
}

}  // namespace

std::string_view to_string(ReviewState state) {
  switch (state) {
    case ReviewState::kNew:
      return "new";
    case ReviewState::kDraft:
      return "draft";
    case ReviewState::kDone:
      return "done";
  }
  return "";
}

Status PlatformStore::put_assessor(const Assessor& assessor, std::string_view pin) {
  const std::lock_guard pin_lock(impl_->pin_mutex);
  std::optional<std::string> hash;
  {
    const std::lock_guard lock(impl_->mutex);
    SHILU_TRY(hash, pin_hash(impl_->database, assessor.id));
  }
  const bool changed = !hash || !password_matches(*hash, pin);
  if (changed) {
    SHILU_TRY(hash, hash_password(pin, impl_->password_cost));
  }
  const std::lock_guard lock(impl_->mutex);
  auto& database = impl_->database;
  SHILU_TRY(auto transaction, store::Transaction::begin(database));
  if (changed) {
    SHILU_TRY(std::ignore, database.run("delete from sessions where assessor = ?1", assessor.id));
  }
  SHILU_TRY(std::ignore,
            database.run(
                "insert into assessors values (?1, ?2, ?3, 1) on conflict (id) do update set display_name = "
                "excluded.display_name, pin_hash = excluded.pin_hash, active = 1",
                assessor.id, assessor.name, *hash));
  return transaction.commit();
}

Status PlatformStore::keep_only_assessors(const std::vector<std::string>& ids) {
  const std::lock_guard lock(impl_->mutex);
  auto& database = impl_->database;
  SHILU_TRY(auto transaction, store::Transaction::begin(database));
  SHILU_TRY(std::ignore, database.run("update assessors set active = 0"));
  for (const std::string& id : ids) {
    SHILU_TRY(std::ignore, database.run("update assessors set active = 1 where id = ?1", id));
  }
  constexpr std::string_view kOfTheOthers = "assessor in (select id from assessors where active = 0)";
  for (const char* statement :
       {"delete from sessions where ", "delete from reviews where state <> 'done' and "}) {
    SHILU_TRY(std::ignore, database.run(statement + std::string(kOfTheOthers)));
  }
  return transaction.commit();
}

Result<SignIn> PlatformStore::sign_in(std::string_view assessor_id, std::string_view pin,
                                      std::string_view address) {
  if (!impl_->sign_ins.try_acquire()) return SignIn{SignIn::Outcome::kWait, "", kBusy_ms};
  auto result = impl_->sign_in(assessor_id, pin, address);
  impl_->sign_ins.release();
  return result;
}

Result<SignIn> PlatformStore::Impl::sign_in(std::string_view assessor_id, std::string_view pin,
                                            std::string_view address) {
  const std::lock_guard pin_lock(pin_mutex);
  std::optional<std::string> hash;
  {
    const std::lock_guard lock(mutex);
    SHILU_TRY(hash, pin_hash(database, assessor_id));
    SHILU_TRY(const std::int64_t wait,
              hash ? admit(database, assessor_id, address, now_ms()) : Result<std::int64_t>(0));
    if (wait > 0) return SignIn{SignIn::Outcome::kWait, "", wait};
  }
  // As long for a name that nobody has, so that the time tells nothing.
  if (!hash) {
    SHILU_TRY(std::ignore, hash_password(pin, password_cost));
    return SignIn{};
  }
  if (!password_matches(*hash, pin)) return SignIn{};
  SignIn result{SignIn::Outcome::kSignedIn, new_token(), 0};
  const Digest token_hash = sha256(result.token);
  const std::lock_guard lock(mutex);
  SHILU_TRY(auto transaction, store::Transaction::begin(database));
  SHILU_TRY(std::ignore,
            database.run("delete from failed_sign_ins where assessor = ?1 and address in (?2, ?3)",
                         assessor_id, address, kEverywhere));
  SHILU_TRY(std::ignore, database.run("delete from sessions where expires_utc_ms < ?1", now_ms()));
  SHILU_TRY(std::ignore, database.run("insert into sessions values (?1, ?2, ?3)", ByteView(token_hash),
                                      assessor_id, now_ms() + kSession_ms));
  SHILU_CHECK(transaction.commit());
  return result;
}

Result<std::optional<Assessor>> PlatformStore::assessor_of_token(std::string_view token) {
  const Digest hash = sha256(token);
  const std::lock_guard lock(impl_->mutex);
  return store::at_most_one(
      impl_->database.query(
          "select a.id, a.display_name from sessions s join assessors a on a.id = s.assessor "
          "where s.token_hash = ?1 and s.expires_utc_ms > ?2",
          ByteView(hash), impl_->now_ms()),
      read_assessor);
}

Result<std::optional<Assessor>> PlatformStore::assessor(std::string_view id) {
  const std::lock_guard lock(impl_->mutex);
  return store::at_most_one(impl_->database.query("select id, display_name from assessors where id = ?1", id),
                            read_assessor);
}

Status PlatformStore::sign_out(std::string_view token) {
  const Digest hash = sha256(token);
  const std::lock_guard lock(impl_->mutex);
  return done(impl_->database.run("delete from sessions where token_hash = ?1", ByteView(hash)));
}

Result<std::vector<std::string>> PlatformStore::least_loaded(std::string_view package, int count) {
  const std::lock_guard lock(impl_->mutex);
  return store::all(
      impl_->database.query(
          "select a.id from assessors a left join reviews r on r.assessor = a.id and r.state <> 'done' "
          "where a.active = 1 and a.id not in (select assessor from reviews where package = ?1) "
          "group by a.id order by count(r.id), a.id limit ?2",
          package, count),
      store::single<std::string>);
}

Result<std::vector<Review>> PlatformStore::reviews_of(std::string_view assessor_id) {
  const std::lock_guard lock(impl_->mutex);
  return store::all(impl_->database.query(with("where assessor = ?1 order by id"), assessor_id), read_review);
}

Result<std::vector<Review>> PlatformStore::reviews_of_package(std::string_view package) {
  const std::lock_guard lock(impl_->mutex);
  return store::all(impl_->database.query(with("where package = ?1 order by third, id"), package),
                    read_review);
}

Result<std::optional<Review>> PlatformStore::review(std::string_view id) {
  const std::lock_guard lock(impl_->mutex);
  return store::at_most_one(impl_->database.query(with("where id = ?1"), id), read_review);
}

Status PlatformStore::save_draft(std::string_view id, std::string_view sheet,
                                 std::optional<std::string_view> replaces) {
  const std::lock_guard lock(impl_->mutex);
  return expect_step(
      impl_->database.run("update reviews set state = 'draft', sheet = ?2 where id = ?1 and state <> 'done' "
                          "and (?3 is null or sheet = ?3)",
                          id, sheet, replaces),
      "this review has been handed in, or its draft is another one");
}

Status PlatformStore::hand_in(std::string_view id, std::string_view sheet) {
  const std::lock_guard lock(impl_->mutex);
  return expect_step(
      impl_->database.run(
          "update reviews set state = 'done', sheet = ?2, handed_in_utc_ms = ?3 where id = ?1 and "
          "state <> 'done'",
          id, sheet, impl_->now_ms()),
      "this review has been handed in");
}

Status PlatformStore::assign(std::string_view package, std::string_view assessor_id) {
  const std::lock_guard lock(impl_->mutex);
  return done(
      impl_->database.run("insert into reviews select ?1, ?2, ?3, 0, 'new', '{}', null where not exists "
                          "(select 1 from reviews where package = ?2 and assessor = ?3) and "
                          "(select count(*) from reviews where package = ?2 and third = 0) < 2",
                          new_uuid(), package, assessor_id));
}

Status PlatformStore::call_third(std::string_view package, std::string_view assessor_id) {
  const std::lock_guard lock(impl_->mutex);
  return done(
      impl_->database.run("insert into reviews select ?1, ?2, ?3, 1, 'new', '{}', null where not exists "
                          "(select 1 from reviews where package = ?2 and (third = 1 or assessor = ?3))",
                          new_uuid(), package, assessor_id));
}

}  // namespace shilu::platform
