#pragma once
// The appliance's database: an index of the lesson folders, and the only place of teachers, drafts and the
// outbox.
//
// Thread-safe: one connection behind one lock, held for one call (a write waits for the disk inside it;
// nothing of the recording ever waits for this lock). Another process, or a thread that wants its own pace,
// opens another one. The clock is borrowed for the life of the store.
//
// Every function may also fail as database.h says. Not found is kNotFound unless the result is an optional or
// a list.

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "firmware/base/clock.h"
#include "firmware/base/result.h"
#include "firmware/store/device_records.h"

namespace shilu::store {

inline constexpr Nanoseconds kSessionLifetime = std::chrono::hours(12);
inline constexpr int kFreeSignInFailures = 4;  // from the fifth wrong PIN in a row on one has to wait
inline constexpr Nanoseconds kFirstSignInDelay = std::chrono::seconds(30);  // doubles with each further one
inline constexpr Nanoseconds kMaxSignInDelay = std::chrono::minutes(15);
inline constexpr Nanoseconds kMaxRetryDelay = std::chrono::hours(24);  // the longest Retry-After that is kept
inline constexpr std::size_t kMaxTiles = 6;

const Clock& system_clock();

class DeviceStore {
 public:
  // Makes the file (mode 0600) or brings an older one up to date; kFailedPrecondition if it is of a newer
  // program.
  static Result<DeviceStore> open(const std::filesystem::path& file, const Clock& clock = system_clock());
  DeviceStore(DeviceStore&&) noexcept;
  DeviceStore& operator=(DeviceStore&&) noexcept;
  ~DeviceStore();

  Status check();  // kCorrupted: what SQLite finds wrong with the file

  // --- Teachers and sessions
  Status create_teacher(const Teacher& teacher, std::string_view pin);
  Status rename_teacher(std::string_view teacher_id, std::string_view display_name);
  Status set_pin(std::string_view teacher_id,
                 std::string_view pin);  // ends the teacher's sessions and waiting
  Result<Teacher> teacher(std::string_view id);
  Result<std::vector<Teacher>> teachers();  // by id

  // One PIN is checked at a time, and counted as wrong before it is looked at, so that trying in parallel
  // wins nothing. An unknown teacher is a wrong PIN.
  Result<SignIn> sign_in(std::string_view teacher_id, std::string_view pin);
  Result<std::optional<Session>> session(std::string_view token);  // nullopt: none, ended or expired
  Status sign_out(std::string_view token);         // also succeeds if there is no such session
  Result<std::int64_t> forget_expired_sessions();  // -> how many

  Status set_tiles(std::string_view teacher_id, const std::vector<std::string>& points);
  Result<std::vector<std::string>> tiles(std::string_view teacher_id);

  // --- Lessons
  Status put_lesson(const Lesson& lesson);        // new, or replaces the index entry
  Result<bool> add_lesson(const Lesson& lesson);  // false: it has an entry, which stays as it is
  Status update_lesson(std::string_view id, const LessonFacts& facts);
  Status describe_lesson(std::string_view id, std::string_view subject, std::string_view class_name,
                         std::string_view topic);
  // kFailedPrecondition if it is somebody's already.
  Status claim_lesson(std::string_view id, std::string_view teacher_id);
  Result<Lesson> lesson(std::string_view id);
  Result<std::vector<Lesson>> lessons();  // all, newest first
  Result<std::vector<Lesson>> lessons_of(std::string_view teacher_id);
  // Only the index entry; kFailedPrecondition while clips, documents or submissions refer to it.
  Status forget_lesson(std::string_view id);

  // --- Drafts. Lists are in the order of making.
  Result<Clip> create_clip(Clip clip);
  // Point, borders, sources and mark; kFailedPrecondition while a submission of it is alive.
  Status update_clip(const Clip& clip);
  Status delete_clip(std::string_view id);  // kFailedPrecondition once it was submitted
  Result<Clip> clip(std::string_view id);
  Result<std::vector<Clip>> clips_of(std::string_view lesson_id);

  Result<Document> create_document(Document document);
  Status delete_document(std::string_view id);  // the row; the file is the caller's
  Result<Document> document(std::string_view id);
  Result<std::vector<Document>> documents_of(std::string_view lesson_id);

  // --- Submissions. A step from a state that does not allow it is kFailedPrecondition and changes nothing.
  Result<Submission> create_submission(const NewSubmission& submission);  // kPacking
  Result<Submission> submission(std::string_view id);
  Result<std::optional<Submission>> submission_of_package(std::string_view package_sha256);
  Result<std::vector<Submission>> submissions();  // all, newest first
  Result<std::vector<Submission>> submissions_of(std::string_view teacher_id);
  Result<std::vector<Submission>> submissions_to_pack();          // kPacking and not paused, oldest first
  Result<std::vector<Submission>> submissions_without_verdict();  // kAcknowledged, oldest first
  // What to do next: not paused and due; those that only ask how the verification went, then the highest
  // priority, then the oldest. Nothing below `least_priority` is sent. An attempt that lies further ahead
  // than kMaxRetryDelay counts as due: the wall clock was set back.
  Result<std::optional<Submission>> due_submission(std::int64_t least_priority = INT64_MIN);
  // When the next one becomes due; nullopt: nothing waits.
  Result<std::optional<std::int64_t>> next_attempt_utc_ms();
  Result<std::vector<Submission>> submissions_to_abandon();  // kWithdrawn, with an upload at the platform
  Result<std::int64_t> waiting_submissions();  // how many are not yet delivered, rejected or withdrawn

  Status package_built(std::string_view id, std::string_view path, std::string_view sha256,
                       std::int64_t size_bytes);
  Status packing_failed(std::string_view id, std::string_view error);  // stays kPacking, paused
  Status begin_attempt(std::string_view id);  // kQueued, kSending -> kSending; counts it
  Status set_upload(std::string_view id, const std::optional<std::string>& url, std::int64_t acked_offset);
  Status set_acked(std::string_view id, std::int64_t acked_offset);  // also clears attempts and last error
  Status retry_later(std::string_view id, const Trouble& trouble, Nanoseconds delay);
  Status ask_again_later(std::string_view id, Nanoseconds delay);  // kVerifying, and nothing is wrong
  Status set_verifying(std::string_view id);                       // kQueued, kSending -> kVerifying
  Status send_again(std::string_view id);                          // -> kQueued, from byte 0
  // The same, because the platform lost it: counts that, and not before `delay`.
  Status send_lost_again(std::string_view id, const Trouble& trouble, Nanoseconds delay);
  // The wall clock was set by `by`: attempts to come keep their distance.
  Status shift_attempts(Nanoseconds by);
  // No attempt lies further ahead than `most`: after a start, or when the line came back.
  Status hasten_attempts(Nanoseconds most);
  Status forget_upload(std::string_view id);                          // of a kWithdrawn one
  Status acknowledge(std::string_view id, std::string_view receipt);  // from kQueued, kSending, kVerifying
  Status reject(std::string_view id, std::string_view reasons);       // likewise; a JSON list
  Status set_verdict(std::string_view id, std::string_view verdict);
  Status pause_submission(std::string_view id);
  Status resume_submission(std::string_view id);    // due at once
  Status send_now(std::string_view id);             // before all others; also resumes
  Status withdraw_submission(std::string_view id);  // kFailedPrecondition once it is acknowledged or rejected

 private:
  struct Impl;
  explicit DeviceStore(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace shilu::store
