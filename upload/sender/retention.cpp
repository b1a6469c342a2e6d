#include "upload/sender/retention.h"

#include <fmt/format.h>

#include <algorithm>

#include "capture/journal/lesson_folder.h"
#include "firmware/base/file_system.h"
#include "firmware/base/log.h"
#include "upload/evidence/receipt.h"
#include "upload/sender/package_files.h"

namespace shilu::sender {
namespace {

namespace fs = std::filesystem;
using store::SubmissionState;

constexpr std::string_view kGoing = ".going-";  // in front of a folder that is being taken away
constexpr const char* kReceipts = "receipts";
constexpr std::int64_t kDay_ms = 86'400'000;
constexpr std::int64_t kNoLessonBefore_ms = 1'735'689'600'000;  // 2025: no recorder is older

std::int64_t ms(WallTime time) {
  return time.ns / 1'000'000;
}

std::int64_t end_of(const store::Lesson& lesson) {
  return lesson.started_utc_ms + lesson.duration_ms;
}

Judgement stays(const store::Lesson& lesson, std::string code, std::string text) {
  return {lesson, false, std::move(code), std::move(text)};
}

Status io(const std::error_code& error, const fs::path& path) {
  return error ? Status(fail_errno(error.value(), path.string())) : Status();
}

Status remove_folder(const fs::path& folder) {
  std::error_code error;
  fs::remove_all(folder, error);
  return io(error, folder);
}

}  // namespace

// What hangs on a lesson.
struct Retention::Pieces {
  bool finished = false;
  std::vector<Mark> marks;  // without those undone
  std::vector<store::Clip> clips;
  std::vector<store::Submission> submissions;  // without those withdrawn

  bool nothing() const { return marks.empty() && clips.empty() && submissions.empty(); }
  bool is_submitted(const store::Clip& clip) const {
    return std::any_of(submissions.begin(), submissions.end(),
                       [&](const store::Submission& one) { return one.clip_id == clip.id; });
  }
  bool covers(const Mark& mark) const {
    return std::any_of(clips.begin(), clips.end(), [&](const store::Clip& clip) {
      const auto at_ms = mark.at.ns / 1'000'000;
      return clip.mark_id == mark.id || (clip.from_ms <= at_ms && at_ms <= clip.to_ms);
    });
  }
};

Retention::Retention(store::DeviceStore& store, Options options)
    : store_(store), options_(std::move(options)) {}

Result<std::vector<Judgement>> Retention::judge(WallTime now) {
  SHILU_TRY(auto lessons, store_.lessons());
  std::vector<Judgement> all;
  for (auto lesson = lessons.rbegin(); lesson != lessons.rend(); ++lesson) {
    if (posix_file_system().exists(lesson->directory)) all.push_back(judge(*lesson, now));
  }
  return all;
}

Judgement Retention::judge(const store::Lesson& lesson, WallTime now) {
  if (fs::path(lesson.directory) != options_.lessons_directory / lesson.id)
    return stays(lesson, "elsewhere", "its folder is not among this appliance's lessons");
  const std::int64_t age = age_ms(lesson, now);
  if (age < options_.rules.keep_days * kDay_ms)
    return stays(lesson, "young", fmt::format("it is younger than {} days", options_.rules.keep_days));
  const auto pieces = pieces_of(lesson);
  if (!pieces) return stays(lesson, "unreadable", pieces.error().message);
  if (!pieces->finished) return stays(lesson, "recording", "it has not come to its end");
  if (pieces->nothing()) return judge_unmarked(lesson, age);
  if (auto against = objection(lesson, *pieces, now)) return std::move(*against);
  return {lesson, true, "receipted",
          fmt::format("the platform has acknowledged all of its {} submissions", pieces->submissions.size())};
}

// Its own end and when it was first seen: the later one counts.
std::int64_t Retention::age_ms(const store::Lesson& lesson, WallTime now) const {
  const auto seen = options_.first_seen.find(lesson.id);
  const std::int64_t since = seen == options_.first_seen.end() ? ms(now) : seen->second;
  return ms(now) - std::max(end_of(lesson), since);
}

// Nothing but its age lets it go, so that must be beyond doubt.
Judgement Retention::judge_unmarked(const store::Lesson& lesson, std::int64_t age) const {
  const std::int64_t days = options_.rules.unmarked_days;
  if (days == 0)
    return stays(lesson, "unmarked-kept", "nothing of it was marked; the settings keep such lessons");
  if (lesson.started_utc_ms < kNoLessonBefore_ms)
    return stays(lesson, "unmarked-kept",
                 "the recorder's clock was wrong when it began; somebody must look at it");
  if (age < days * kDay_ms)
    return stays(lesson, "unmarked-kept", fmt::format("it is younger than {} days", days));
  return {lesson, true, "unmarked",
          fmt::format("nothing of it was marked, and it is older than {} days", days)};
}

Result<Retention::Pieces> Retention::pieces_of(const store::Lesson& lesson) {
  Pieces pieces;
  SHILU_TRY(const auto folder, journal::LessonFolder::open(lesson.directory));
  if (folder.damage().any())
    return fail(ErrorKind::kCorrupted, "its journal is damaged; somebody must look at it");
  pieces.finished = folder.finished();
  pieces.marks = folder.marks();
  std::erase_if(pieces.marks, [](const Mark& mark) { return mark.undone; });
  const fs::path inbox = fs::path(lesson.directory) / "inbox";
  if (std::error_code none; fs::exists(inbox) && !fs::is_empty(inbox, none))
    return fail(ErrorKind::kFailedPrecondition, "a mark of it waits for the recorder");
  SHILU_TRY(pieces.clips, store_.clips_of(lesson.id));
  SHILU_TRY(auto submissions, store_.submissions());
  for (store::Submission& one : submissions) {
    if (one.lesson_id == lesson.id && one.state != SubmissionState::kWithdrawn)
      pieces.submissions.push_back(std::move(one));
  }
  return pieces;
}

// Every submission has its receipt, every clip was submitted, every mark lies in such a clip.
std::optional<Judgement> Retention::objection(const store::Lesson& lesson, const Pieces& pieces,
                                              WallTime now) const {
  for (const store::Submission& one : pieces.submissions) {
    std::string text;
    if (const auto code = receipt_objection(one, now, text)) return stays(lesson, *code, text);
  }
  for (const store::Clip& clip : pieces.clips) {
    if (!pieces.is_submitted(clip))
      return stays(lesson, "not-submitted", fmt::format("the clip for {} was not submitted", clip.point));
  }
  for (const Mark& mark : pieces.marks) {
    if (!pieces.covers(mark))
      return stays(
          lesson, "marked",
          fmt::format("the mark at {} s is in no clip that was submitted", mark.at.ns / 1'000'000'000));
  }
  return std::nullopt;
}

// -> the code, if this submission holds its lesson back.
std::optional<std::string> Retention::receipt_objection(const store::Submission& one, WallTime now,
                                                        std::string& text) const {
  if (one.state != SubmissionState::kAcknowledged || !one.receipt) {
    text = fmt::format("the submission for {} is {}", one.point, to_string(one.state));
    return "not-acknowledged";
  }
  text = "this device has no platform whose key it knows";
  if (!options_.receipt_key) return "receipt";
  const auto envelope = DsseEnvelope::from_json(*one.receipt);
  const auto receipt = envelope ? evidence::open_receipt(*envelope, *options_.receipt_key)
                                : Result<evidence::Receipt>(fail(envelope.error()));
  text = receipt ? "the receipt speaks of another package"
                 : "the receipt does not hold: " + receipt.error().message;
  if (!receipt || to_hex(receipt->package_sha256) != one.package_sha256.value_or("")) return "receipt";
  const auto received = wall_from_rfc3339(receipt->received_utc);
  text = fmt::format("the receipt is younger than {} days", options_.rules.grace_days);
  if (!received || ms(now) - ms(*received) < options_.rules.grace_days * kDay_ms) return "grace";
  return std::nullopt;
}

// What the platform signed outlives the lesson.
Status Retention::keep_receipts(const store::Lesson& lesson) const {
  const fs::path from = fs::path(lesson.directory) / kReceipts;
  if (!posix_file_system().exists(from)) return {};
  const fs::path to = options_.receipts_directory / lesson.id;
  SHILU_CHECK(posix_file_system().create_directories(to));
  std::error_code error;
  for (fs::directory_iterator entry(from, error), end; !error && entry != end; entry.increment(error)) {
    SHILU_TRY(const std::string text, read_text_file(entry->path()));
    SHILU_CHECK(write_file_atomic(to / entry->path().filename(), as_bytes(text)));
  }
  return io(error, from);
}

Status Retention::remove(const store::Lesson& lesson) {
  SHILU_CHECK(keep_receipts(lesson));
  const fs::path going = options_.lessons_directory / (std::string(kGoing) + lesson.id);
  std::error_code error;
  fs::rename(lesson.directory, going, error);
  SHILU_CHECK(io(error, lesson.directory));
  SHILU_CHECK(posix_file_system().sync_directory(options_.lessons_directory));
  return finish_removal(going, lesson.id);
}

// The folder goes last: while it is there, the rest is not forgotten.
Status Retention::finish_removal(const fs::path& going, const std::string& lesson_id) {
  SHILU_TRY(const auto submissions, store_.submissions());
  for (const store::Submission& one : submissions) {
    if (one.lesson_id != lesson_id || !one.package_path) continue;
    SHILU_CHECK(remove_package_files(*one.package_path));
  }
  // With clips and submissions the row stays: they go on to speak of it.
  const auto forgotten = store_.forget_lesson(lesson_id);
  const bool stays = !forgotten && (forgotten.error().kind == ErrorKind::kFailedPrecondition ||
                                    forgotten.error().kind == ErrorKind::kNotFound);
  if (!forgotten && !stays) return forgotten;
  return remove_folder(going);
}

Status Retention::finish_removals() {
  std::error_code error;
  std::vector<fs::path> left;
  for (fs::directory_iterator entry(options_.lessons_directory, error), end; !error && entry != end;
       entry.increment(error)) {
    if (entry->path().filename().string().starts_with(kGoing)) left.push_back(entry->path());
  }
  SHILU_CHECK(io(error, options_.lessons_directory));
  for (const fs::path& folder : left)
    SHILU_CHECK(finish_removal(folder, folder.filename().string().substr(kGoing.size())));
  return {};
}

}  // namespace shilu::sender
