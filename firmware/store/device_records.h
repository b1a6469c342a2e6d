#pragma once
// The rows of the appliance's database as values. device_schema_1.sql says what each column means and may
// hold. Times: *_utc_ms are milliseconds since 1970 in UTC; from_ms and to_ms are lesson time.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace shilu::store {

struct Teacher {
  std::string id;            // "T001"
  std::string display_name;  // "王老师"
  bool operator==(const Teacher&) const = default;
};

struct Session {
  std::string teacher_id;
  std::int64_t created_utc_ms = 0;
  std::int64_t expires_utc_ms = 0;
  bool operator==(const Session&) const = default;
};

struct SignIn {
  enum class Outcome { kSignedIn, kWrongPin, kWait };
  Outcome outcome = Outcome::kWrongPin;
  bool pin_was_checked = false;  // not for an unknown teacher, and not while one has to wait
  std::string token;             // kSignedIn: the only time that it is seen
  Session session;               // kSignedIn
  std::int64_t wait_ms = 0;      // kWait, and kWrongPin when the next try has to wait
};

enum class LessonState { kRecording, kFinished, kRecovered };
std::string_view to_string(LessonState state);  // "recording", ...

struct Lesson {
  std::string id;
  std::optional<std::string> teacher_id;  // nullopt: a guest's, not yet claimed
  std::string subject;
  std::string class_name;
  std::string topic;
  LessonState state = LessonState::kRecording;
  std::int64_t started_utc_ms = 0;
  std::int64_t duration_ms = 0;
  std::int64_t size_bytes = 0;
  std::int64_t gap_count = 0;
  std::int64_t mark_count = 0;
  std::string directory;
  bool operator==(const Lesson&) const = default;
};

// What a lesson's folder says about it, as the index repeats it.
struct LessonFacts {
  LessonState state = LessonState::kRecording;
  std::int64_t duration_ms = 0;
  std::int64_t size_bytes = 0;
  std::int64_t gap_count = 0;
  std::int64_t mark_count = 0;
};

struct Clip {
  std::string id;  // empty for create_clip: made there
  std::string lesson_id;
  std::string point;
  std::int64_t from_ms = 0;
  std::int64_t to_ms = 0;
  std::vector<std::string> sources;    // at least one
  std::optional<std::string> mark_id;  // the mark it came from
  std::int64_t created_utc_ms = 0;     // set by create_clip
  bool operator==(const Clip&) const = default;
};

struct Document {
  std::string id;  // empty for create_document: made there
  std::string lesson_id;
  std::optional<std::string> clip_id;  // nullopt: for every clip of the lesson
  std::string title;                   // "教学设计"
  std::string media_type;
  std::string file;
  std::int64_t size_bytes = 0;
  std::string sha256;               // hex
  std::int64_t created_utc_ms = 0;  // set by create_document
  bool operator==(const Document&) const = default;
};

// packing -> queued -> sending -> verifying -> acknowledged | rejected; withdrawn from any of the first four.
enum class SubmissionState { kPacking, kQueued, kSending, kVerifying, kAcknowledged, kRejected, kWithdrawn };
std::string_view to_string(SubmissionState state);  // "packing", ...

// What goes first when nobody says otherwise. "Send now" goes before all of it.
inline constexpr std::int64_t kEvidencePriority = 0;
inline constexpr std::int64_t kWholeLessonPriority = -1;

struct NewSubmission {
  std::string lesson_id;
  std::string clip_id;
  std::string teacher_id;
  std::string point;
  std::string programme;
  std::string fields = "{}";  // JSON object
  std::int64_t priority = kEvidencePriority;
};

// Why an attempt came to nothing.
struct Trouble {
  std::string code;  // stable: docs/design/uploading.md
  std::string text;  // a sentence
};

struct Submission {
  std::string id;
  std::string lesson_id;
  std::string clip_id;
  std::string teacher_id;
  std::string point;
  std::string programme;
  std::string fields;
  SubmissionState state = SubmissionState::kPacking;
  bool paused = false;
  std::optional<std::string> package_path;  // these three: from kQueued on
  std::optional<std::string> package_sha256;
  std::optional<std::int64_t> size_bytes;
  std::optional<std::string> upload_url;
  std::int64_t acked_offset = 0;
  std::int64_t attempts = 0;
  std::optional<std::string> last_error;
  std::optional<std::string> error_code;  // docs/design/uploading.md
  std::int64_t losses = 0;                // how often the platform lost what it had taken
  std::int64_t next_attempt_utc_ms = 0;
  std::int64_t priority = kEvidencePriority;
  std::string reasons;                 // JSON list; kRejected
  std::optional<std::string> receipt;  // DSSE envelope, JSON
  std::optional<std::string> verdict;  // DSSE envelope, JSON
  std::int64_t created_utc_ms = 0;
  std::int64_t updated_utc_ms = 0;
};
bool is_alive(const Submission& submission);  // neither withdrawn nor rejected

}  // namespace shilu::store
