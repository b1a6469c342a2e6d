// Teachers, their sessions and their tiles.

#include <algorithm>

#include "firmware/base/digest.h"
#include "firmware/base/ids.h"
#include "firmware/base/sealed_box.h"
#include "firmware/store/device_store_impl.h"

namespace shilu::store {
namespace {

Result<Teacher> read_teacher(const Row& row) {
  Teacher teacher;
  row.read(teacher.id, teacher.display_name);
  return teacher;
}

Result<Session> read_session(const Row& row) {
  Session session;
  row.read(session.teacher_id, session.created_utc_ms, session.expires_utc_ms);
  return session;
}

struct Failures {
  std::int64_t count = 0;
  std::int64_t blocked_until_utc_ms = 0;
};

Result<Failures> read_failures(const Row& row) {
  Failures failures;
  row.read(failures.count, failures.blocked_until_utc_ms);
  return failures;
}

std::int64_t delay_after(std::int64_t failures) {
  if (failures <= kFreeSignInFailures) return 0;
  const auto doublings = std::min<std::int64_t>(failures - kFreeSignInFailures - 1, 20);
  return std::min(in_ms(kFirstSignInDelay) << doublings, in_ms(kMaxSignInDelay));
}

struct Admission {
  std::int64_t wait_ms = 0;       // > 0: the PIN is not looked at
  std::int64_t next_wait_ms = 0;  // if it turns out wrong
};

// Counts the try as failed before the PIN is looked at: of many at once, each finds the others counted.
Result<Admission> admit(Database& database, std::string_view teacher_id, std::int64_t now) {
  SHILU_TRY(auto transaction, Transaction::begin(database));
  SHILU_TRY(const auto found,
            at_most_one(database.query(
                            "select failures, blocked_until_utc_ms from failed_sign_ins where teacher = ?1",
                            teacher_id),
                        read_failures));
  const auto failures = found.value_or(Failures{});
  // Never longer than the longest delay, should the wall clock have been set back.
  const auto wait = std::min(failures.blocked_until_utc_ms - now, in_ms(kMaxSignInDelay));
  if (wait > 0) return Admission{wait, wait};
  const auto delay = delay_after(failures.count + 1);
  SHILU_CHECK(
      database
          .run("insert into failed_sign_ins values (?1, ?2, ?3) on conflict (teacher) do update "
               "set failures = excluded.failures, blocked_until_utc_ms = excluded.blocked_until_utc_ms",
               teacher_id, failures.count + 1, now + delay)
          .map([](std::int64_t) {}));
  SHILU_CHECK(transaction.commit());
  return Admission{0, delay};
}

Digest hash_of(std::string_view token) {
  return sha256(token);
}

Result<SignIn> start_session(Database& database, std::string_view teacher_id, std::int64_t now) {
  SignIn result;
  result.outcome = SignIn::Outcome::kSignedIn;
  result.pin_was_checked = true;
  result.token = new_token();
  result.session = {std::string(teacher_id), now, now + in_ms(kSessionLifetime)};
  SHILU_TRY(auto transaction, Transaction::begin(database));
  SHILU_TRY(std::ignore, database.run("delete from failed_sign_ins where teacher = ?1", teacher_id));
  SHILU_TRY(std::ignore, database.run("insert into sessions values (?1, ?2, ?3, ?4)", hash_of(result.token),
                                      teacher_id, now, result.session.expires_utc_ms));
  SHILU_CHECK(transaction.commit());
  return result;
}

}  // namespace

Status DeviceStore::create_teacher(const Teacher& teacher, std::string_view pin) {
  SHILU_TRY(const auto hash, hash_password(pin));
  const std::lock_guard lock(impl_->mutex);
  SHILU_TRY(std::ignore, impl_->database.run("insert into teachers values (?1, ?2, ?3)", teacher.id,
                                             teacher.display_name, hash));
  return {};
}

Status DeviceStore::rename_teacher(std::string_view teacher_id, std::string_view display_name) {
  const std::lock_guard lock(impl_->mutex);
  return expect_change(
      impl_->database.run("update teachers set display_name = ?2 where id = ?1", teacher_id, display_name),
      "teacher", teacher_id);
}

Status DeviceStore::set_pin(std::string_view teacher_id, std::string_view pin) {
  SHILU_TRY(const auto hash, hash_password(pin));
  const std::lock_guard lock(impl_->mutex);
  auto& database = impl_->database;
  SHILU_TRY(auto transaction, Transaction::begin(database));
  SHILU_CHECK(expect_change(database.run("update teachers set pin_hash = ?2 where id = ?1", teacher_id, hash),
                            "teacher", teacher_id));
  SHILU_TRY(std::ignore, database.run("delete from sessions where teacher = ?1", teacher_id));
  SHILU_TRY(std::ignore, database.run("delete from failed_sign_ins where teacher = ?1", teacher_id));
  return transaction.commit();
}

Result<Teacher> DeviceStore::teacher(std::string_view id) {
  const std::lock_guard lock(impl_->mutex);
  return required(
      at_most_one(impl_->database.query("select id, display_name from teachers where id = ?1", id),
                  read_teacher),
      "teacher", id);
}

Result<std::vector<Teacher>> DeviceStore::teachers() {
  const std::lock_guard lock(impl_->mutex);
  return all(impl_->database.query("select id, display_name from teachers order by id"), read_teacher);
}

Result<SignIn> DeviceStore::sign_in(std::string_view teacher_id, std::string_view pin) {
  const std::lock_guard one_pin_at_a_time(impl_->pin_mutex);
  std::optional<std::string> hash;
  Admission admission;
  {
    const std::lock_guard lock(impl_->mutex);
    SHILU_TRY(hash,
              at_most_one(impl_->database.query("select pin_hash from teachers where id = ?1", teacher_id),
                          single<std::string>));
    if (!hash) return SignIn{};
    SHILU_TRY(admission, admit(impl_->database, teacher_id, impl_->now_ms()));
  }
  if (admission.wait_ms > 0) return SignIn{SignIn::Outcome::kWait, false, {}, {}, admission.wait_ms};
  if (!password_matches(*hash, pin)) {
    return SignIn{SignIn::Outcome::kWrongPin, true, {}, {}, admission.next_wait_ms};
  }
  const std::lock_guard lock(impl_->mutex);
  return start_session(impl_->database, teacher_id, impl_->now_ms());
}

Result<std::optional<Session>> DeviceStore::session(std::string_view token) {
  const std::lock_guard lock(impl_->mutex);
  return at_most_one(impl_->database.query("select teacher, created_utc_ms, expires_utc_ms from sessions "
                                           "where token_hash = ?1 and expires_utc_ms > ?2",
                                           hash_of(token), impl_->now_ms()),
                     read_session);
}

Status DeviceStore::sign_out(std::string_view token) {
  const std::lock_guard lock(impl_->mutex);
  return impl_->database.run("delete from sessions where token_hash = ?1", hash_of(token))
      .map([](std::int64_t) {});
}

Result<std::int64_t> DeviceStore::forget_expired_sessions() {
  const std::lock_guard lock(impl_->mutex);
  return impl_->database.run("delete from sessions where expires_utc_ms <= ?1", impl_->now_ms());
}

Status DeviceStore::set_tiles(std::string_view teacher_id, const std::vector<std::string>& points) {
  if (points.size() > kMaxTiles) return fail(ErrorKind::kInvalidArgument, "there is room for 6 tiles");
  const std::lock_guard lock(impl_->mutex);
  auto& database = impl_->database;
  SHILU_TRY(auto transaction, Transaction::begin(database));
  SHILU_TRY(std::ignore, database.run("delete from tiles where teacher = ?1", teacher_id));
  std::int64_t position = 0;
  for (const auto& point : points) {
    SHILU_TRY(std::ignore,
              database.run("insert into tiles values (?1, ?2, ?3)", teacher_id, position++, point));
  }
  return transaction.commit();
}

Result<std::vector<std::string>> DeviceStore::tiles(std::string_view teacher_id) {
  const std::lock_guard lock(impl_->mutex);
  return all(
      impl_->database.query("select point from tiles where teacher = ?1 order by position", teacher_id),
      single<std::string>);
}

}  // namespace shilu::store
