// The steps of a submission on its way. Each is one update that names the states it may begin in: what does
// not apply changes nothing, whoever else is writing.

#include "firmware/store/device_store_impl.h"

namespace shilu::store {
namespace {

constexpr std::string_view kUnderWay = "'queued', 'sending', 'verifying'";
constexpr std::string_view kNotDone = "'packing', 'queued', 'sending', 'verifying'";

// ?1 is the id and ?2 the present time; the values begin at ?3.
template <Bindable... T>
Status step(Database& database, std::int64_t now, std::string_view id, std::string_view from_states,
            std::string_view assignments, const T&... values) {
  const auto sql =
      fmt::format("update submissions set updated_utc_ms = ?2, {} where id = ?1 and state in ({})",
                  assignments, from_states);
  SHILU_TRY(const auto changed, database.run(sql, id, now, values...));
  if (changed > 0) return {};
  SHILU_TRY(const auto state,
            required(at_most_one(database.query("select state from submissions where id = ?1", id),
                                 single<std::string>),
                     "submission", id));
  return fail(ErrorKind::kFailedPrecondition,
              fmt::format("submission {} is {}: this step is not open", id, state));
}

}  // namespace

Status DeviceStore::package_built(std::string_view id, std::string_view path, std::string_view sha256,
                                  std::int64_t size_bytes) {
  const std::lock_guard lock(impl_->mutex);
  return step(impl_->database, impl_->now_ms(), id, "'packing'",
              "state = 'queued', package_path = ?3, package_sha256 = ?4, size_bytes = ?5, last_error = null, "
              "error_code = null, "
              "next_attempt_utc_ms = ?2",
              path, sha256, size_bytes);
}

Status DeviceStore::packing_failed(std::string_view id, std::string_view error) {
  const std::lock_guard lock(impl_->mutex);
  return step(impl_->database, impl_->now_ms(), id, "'packing'",
              "paused = 1, attempts = attempts + 1, last_error = ?3, error_code = 'packing'", error);
}

Status DeviceStore::begin_attempt(std::string_view id) {
  const std::lock_guard lock(impl_->mutex);
  return step(impl_->database, impl_->now_ms(), id, "'queued', 'sending'",
              "state = 'sending', attempts = attempts + 1");
}

Status DeviceStore::set_upload(std::string_view id, const std::optional<std::string>& url,
                               std::int64_t acked_offset) {
  const std::lock_guard lock(impl_->mutex);
  return step(impl_->database, impl_->now_ms(), id, kUnderWay, "upload_url = ?3, acked_offset = ?4", url,
              acked_offset);
}

Status DeviceStore::set_acked(std::string_view id, std::int64_t acked_offset) {
  const std::lock_guard lock(impl_->mutex);
  return step(impl_->database, impl_->now_ms(), id, kUnderWay,
              "acked_offset = ?3, attempts = 0, last_error = null, error_code = null", acked_offset);
}

Status DeviceStore::retry_later(std::string_view id, const Trouble& trouble, Nanoseconds delay) {
  const std::lock_guard lock(impl_->mutex);
  const auto now = impl_->now_ms();
  return step(impl_->database, now, id, kUnderWay,
              "last_error = ?3, error_code = ?4, next_attempt_utc_ms = ?5", trouble.text, trouble.code,
              now + in_ms(std::min<Nanoseconds>(delay, kMaxRetryDelay)));
}

Status DeviceStore::ask_again_later(std::string_view id, Nanoseconds delay) {
  const std::lock_guard lock(impl_->mutex);
  const auto now = impl_->now_ms();
  return step(impl_->database, now, id, "'verifying'",
              "last_error = null, error_code = null, next_attempt_utc_ms = ?3",
              now + in_ms(std::min<Nanoseconds>(delay, kMaxRetryDelay)));
}

Status DeviceStore::set_verifying(std::string_view id) {
  const std::lock_guard lock(impl_->mutex);
  return step(
      impl_->database, impl_->now_ms(), id, "'queued', 'sending'",
      "state = 'verifying', acked_offset = size_bytes, attempts = 0, last_error = null, error_code = null, "
      "next_attempt_utc_ms = ?2");
}

Status DeviceStore::send_again(std::string_view id) {
  const std::lock_guard lock(impl_->mutex);
  return step(impl_->database, impl_->now_ms(), id, kUnderWay,
              "state = 'queued', upload_url = null, acked_offset = 0");
}

Status DeviceStore::send_lost_again(std::string_view id, const Trouble& trouble, Nanoseconds delay) {
  const std::lock_guard lock(impl_->mutex);
  const auto now = impl_->now_ms();
  return step(impl_->database, now, id, kUnderWay,
              "state = 'queued', upload_url = null, acked_offset = 0, losses = losses + 1, last_error = ?3, "
              "error_code = ?4, next_attempt_utc_ms = ?5",
              trouble.text, trouble.code, now + in_ms(std::min<Nanoseconds>(delay, kMaxRetryDelay)));
}

Status DeviceStore::shift_attempts(Nanoseconds by) {
  const std::lock_guard lock(impl_->mutex);
  SHILU_TRY(std::ignore,
            impl_->database.run("update submissions set next_attempt_utc_ms = next_attempt_utc_ms + ?1 "
                                "where state in ('queued', 'sending', 'verifying')",
                                in_ms(by)));
  return {};
}

Status DeviceStore::hasten_attempts(Nanoseconds most) {
  const std::lock_guard lock(impl_->mutex);
  SHILU_TRY(std::ignore, impl_->database.run(
                             "update submissions set next_attempt_utc_ms = ?1 where next_attempt_utc_ms > ?1 "
                             "and state in ('queued', 'sending', 'verifying')",
                             impl_->now_ms() + in_ms(most)));
  return {};
}

Status DeviceStore::forget_upload(std::string_view id) {
  const std::lock_guard lock(impl_->mutex);
  return step(impl_->database, impl_->now_ms(), id, "'withdrawn'", "upload_url = null");
}

Status DeviceStore::acknowledge(std::string_view id, std::string_view receipt) {
  const std::lock_guard lock(impl_->mutex);
  return step(
      impl_->database, impl_->now_ms(), id, kUnderWay,
      "state = 'acknowledged', receipt = ?3, acked_offset = size_bytes, upload_url = null, attempts = 0, "
      "last_error = null, error_code = null, paused = 0",
      receipt);
}

Status DeviceStore::reject(std::string_view id, std::string_view reasons) {
  const std::lock_guard lock(impl_->mutex);
  return step(impl_->database, impl_->now_ms(), id, kUnderWay,
              "state = 'rejected', reasons = ?3, upload_url = null, paused = 0", reasons);
}

Status DeviceStore::set_verdict(std::string_view id, std::string_view verdict) {
  const std::lock_guard lock(impl_->mutex);
  return step(impl_->database, impl_->now_ms(), id, "'acknowledged'", "verdict = ?3", verdict);
}

Status DeviceStore::pause_submission(std::string_view id) {
  const std::lock_guard lock(impl_->mutex);
  return step(impl_->database, impl_->now_ms(), id, kNotDone, "paused = 1");
}

Status DeviceStore::resume_submission(std::string_view id) {
  const std::lock_guard lock(impl_->mutex);
  return step(impl_->database, impl_->now_ms(), id, kNotDone, "paused = 0, next_attempt_utc_ms = ?2");
}

Status DeviceStore::send_now(std::string_view id) {
  const std::lock_guard lock(impl_->mutex);
  return step(impl_->database, impl_->now_ms(), id, kNotDone,
              "paused = 0, next_attempt_utc_ms = ?2, "
              "priority = 1 + max(0, (select max(priority) from submissions))");
}

Status DeviceStore::withdraw_submission(std::string_view id) {
  const std::lock_guard lock(impl_->mutex);
  return step(impl_->database, impl_->now_ms(), id, kNotDone, "state = 'withdrawn'");
}

}  // namespace shilu::store
