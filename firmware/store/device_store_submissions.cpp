// The outbox: what is there, and what is to be sent next. Its steps: device_store_outbox.cpp.

#include "firmware/base/ids.h"
#include "firmware/store/device_store_impl.h"

namespace shilu::store {
namespace {

using enum SubmissionState;
constexpr SubmissionState kStates[] = {kPacking,      kQueued,   kSending,  kVerifying,
                                       kAcknowledged, kRejected, kWithdrawn};

constexpr std::string_view kSelect =
    "select id, lesson, clip, teacher, point, programme, fields, state, paused, package_path, "
    "package_sha256, "
    "size_bytes, upload_url, acked_offset, attempts, last_error, error_code, losses, next_attempt_utc_ms, "
    "priority, reasons, "
    "receipt, "
    "verdict, created_utc_ms, updated_utc_ms from submissions ";

std::string select(std::string_view rest) {
  return std::string(kSelect).append(rest);
}

Result<Submission> read_submission(const Row& row) {
  Submission s;
  std::string state;
  row.read(s.id, s.lesson_id, s.clip_id, s.teacher_id, s.point, s.programme, s.fields, state, s.paused,
           s.package_path, s.package_sha256, s.size_bytes, s.upload_url, s.acked_offset, s.attempts,
           s.last_error, s.error_code, s.losses, s.next_attempt_utc_ms, s.priority, s.reasons, s.receipt,
           s.verdict, s.created_utc_ms, s.updated_utc_ms);
  SHILU_TRY(s.state, state_from(state, kStates));
  return s;
}

}  // namespace

std::string_view to_string(SubmissionState state) {
  switch (state) {
    case kPacking:
      return "packing";
    case kQueued:
      return "queued";
    case kSending:
      return "sending";
    case kVerifying:
      return "verifying";
    case kAcknowledged:
      return "acknowledged";
    case kRejected:
      return "rejected";
    case kWithdrawn:
      return "withdrawn";
  }
  return "";
}

bool is_alive(const Submission& submission) {
  return submission.state != kWithdrawn && submission.state != kRejected;
}

Result<Submission> DeviceStore::create_submission(const NewSubmission& wanted) {
  const auto id = new_uuid();
  {
    const std::lock_guard lock(impl_->mutex);
    const auto now = impl_->now_ms();
    SHILU_TRY(
        std::ignore,
        impl_->database.run(
            "insert into submissions (id, lesson, clip, teacher, point, programme, fields, state, paused, "
            "acked_offset, attempts, next_attempt_utc_ms, priority, reasons, created_utc_ms, updated_utc_ms) "
            "values (?1, ?2, ?3, ?4, ?5, ?6, ?7, 'packing', 0, 0, 0, 0, ?9, '[]', ?8, ?8)",
            id, wanted.lesson_id, wanted.clip_id, wanted.teacher_id, wanted.point, wanted.programme,
            wanted.fields, now, wanted.priority));
  }
  return submission(id);
}

Result<Submission> DeviceStore::submission(std::string_view id) {
  const std::lock_guard lock(impl_->mutex);
  return required(at_most_one(impl_->database.query(select("where id = ?1"), id), read_submission),
                  "submission", id);
}

Result<std::optional<Submission>> DeviceStore::submission_of_package(std::string_view package_sha256) {
  const std::lock_guard lock(impl_->mutex);
  return at_most_one(impl_->database.query(select("where package_sha256 = ?1"), package_sha256),
                     read_submission);
}

Result<std::vector<Submission>> DeviceStore::submissions() {
  const std::lock_guard lock(impl_->mutex);
  return all(impl_->database.query(select("order by id desc")), read_submission);
}

Result<std::vector<Submission>> DeviceStore::submissions_of(std::string_view teacher_id) {
  const std::lock_guard lock(impl_->mutex);
  return all(impl_->database.query(select("where teacher = ?1 order by id desc"), teacher_id),
             read_submission);
}

Result<std::vector<Submission>> DeviceStore::submissions_to_pack() {
  const std::lock_guard lock(impl_->mutex);
  return all(impl_->database.query(select("where state = 'packing' and paused = 0 order by id")),
             read_submission);
}

Result<std::vector<Submission>> DeviceStore::submissions_without_verdict() {
  const std::lock_guard lock(impl_->mutex);
  return all(impl_->database.query(select("where state = 'acknowledged' and verdict is null order by id")),
             read_submission);
}

Result<std::optional<Submission>> DeviceStore::due_submission(std::int64_t least_priority) {
  const std::lock_guard lock(impl_->mutex);
  const auto now = impl_->now_ms();
  return at_most_one(
      impl_->database.query(select("where state in ('queued', 'sending', 'verifying') and paused = 0 "
                                   "and (next_attempt_utc_ms <= ?1 or next_attempt_utc_ms > ?2) "
                                   "and (priority >= ?3 or state = 'verifying') "
                                   "order by (state = 'verifying') desc, priority desc, id limit 1"),
                            now, now + in_ms(kMaxRetryDelay), least_priority),
      read_submission);
}

Result<std::optional<std::int64_t>> DeviceStore::next_attempt_utc_ms() {
  const std::lock_guard lock(impl_->mutex);
  return at_most_one(impl_->database.query("select next_attempt_utc_ms from submissions "
                                           "where state in ('queued', 'sending', 'verifying') and paused = 0 "
                                           "order by next_attempt_utc_ms limit 1"),
                     single<std::int64_t>);
}

Result<std::vector<Submission>> DeviceStore::submissions_to_abandon() {
  const std::lock_guard lock(impl_->mutex);
  return all(
      impl_->database.query(select("where state = 'withdrawn' and upload_url is not null order by id")),
      read_submission);
}

Result<std::int64_t> DeviceStore::waiting_submissions() {
  const std::lock_guard lock(impl_->mutex);
  return at_most_one(impl_->database.query("select count(*) from submissions "
                                           "where state in ('packing', 'queued', 'sending', 'verifying')"),
                     single<std::int64_t>)
      .map([](const auto& count) { return count.value_or(0); });
}

}  // namespace shilu::store
