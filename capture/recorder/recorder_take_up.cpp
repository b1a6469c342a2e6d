// The recorder's start: lessons that no stop closed are resumed or closed.

#include <algorithm>
#include <set>
#include <string>

#include "capture/recorder/lesson_recovery.h"
#include "capture/recorder/mark_inbox.h"
#include "capture/recorder/recorder_session.h"
#include "capture/recorder/redaction.h"
#include "firmware/base/log.h"

namespace shilu::recorder {

// Its time is not over: somebody would still expect it to be recorded.
bool Recorder::can_resume(const RecoveredLesson& recovered) const {
  if (recovered.away && recovered.away->why == Away::Why::kStopping) return false;
  const LessonTime now{(clock_.monotonic() - *recovered.start).count()};
  const bool planned = recovered.planned_ms && now < LessonTime::from_ms(*recovered.planned_ms);
  return planned || now - recovered.alive_until < settings_.resume_within;
}

const CertifiedKey* Recorder::key_of(const LessonInfo& info) const {
  if (certified_for(info, key_.key.public_key())) return &key_;
  const auto& previous = settings_.previous_key;
  return previous && certified_for(info, previous->key.public_key()) ? &*previous : nullptr;
}

LessonOwner Recorder::owner() const {
  const auto& previous = settings_.previous_key;
  return {files_, clock_, key_, previous ? &*previous : nullptr};
}

void Recorder::finish_deletions() {
  for (const auto& folder : half_deleted_lessons(files_, settings_.lessons_directory)) {
    log_warning("{}: a deletion was interrupted; it is finished now", folder.string());
    const auto finished = finish_deletion(owner(), folder);
    if (!finished) log_error("{}: {}", folder.string(), finished.error().message);
  }
}

Status Recorder::take_up_unfinished() {
  if (settings_.lessons_directory.empty()) return {};
  SHILU_CHECK(files_.create_directories(settings_.lessons_directory));
  finish_deletions();
  auto folders = unfinished_lessons(files_, settings_.lessons_directory);
  std::reverse(folders.begin(), folders.end());  // the newest may still be running
  bool newest = true;
  for (const auto& folder : folders) {
    auto recovered = recover_lesson(files_, folder);
    const auto taken = recovered ? take_up(std::move(*recovered), newest) : Status(fail(recovered.error()));
    // One folder that cannot be mended must not keep the others from being recorded.
    if (!taken) log_error("{}: {}", folder.string(), taken.error().message);
    newest = false;
  }
  return {};
}

Status Recorder::take_up(RecoveredLesson recovered, bool may_resume) {
  const auto* key = key_of(recovered.info);
  if (key == nullptr) {
    return fail(ErrorKind::kFailedPrecondition,
                "the lesson was begun with another recording key; it is left as it is");
  }
  const bool rebooted = !recovered.start;
  std::optional<journal::RebaseEvent> rebase;
  if (rebooted) rebase = rebase_after_reboot(recovered.anchor, recovered.alive_until, clock_);
  if (rebase) recovered.start = rebase->start_monotonic;
  const auto reason = rebooted ? GapReason::kPowerLoss : GapReason::kRecorderRestart;
  if (!may_resume || !can_resume(recovered)) return close(std::move(recovered), *key, reason);
  const auto away = recovered.away;
  SourceInput::Entry entry;
  const bool was_away = recovered.not_before > recovered.stored_until;
  entry.resumed = away || was_away ? recovered.left_out : reason;
  if (recovered.not_before.ns > 0) entry.not_before = recovered.not_before;
  if (away) entry.end = away->since;  // a private moment outlives a restart
  SHILU_TRY(auto lesson, LiveLesson::resume(surroundings(*key), std::move(recovered), rebase));
  log_warning("lesson {} was not finished; it is resumed", lesson->info().lesson_id);
  begin_session(std::move(lesson), entry);
  return {};
}

Status Recorder::close(RecoveredLesson recovered, const CertifiedKey& key, GapReason reason) {
  const auto away = recovered.away;
  auto end = LessonTime::from_ms(std::max<std::int64_t>(recovered.stored_until.ms(), 0));
  const bool stopped = away && away->why == Away::Why::kStopping;
  if (away) end = stopped ? away->since : std::max(end, away->since);
  std::set<std::string> never_came;
  for (const auto& track : recovered.tracks) {
    if (track.number < 0) never_came.insert(track.name);
  }
  SHILU_TRY(auto lesson, LiveLesson::resume_to_close(surroundings(key), std::move(recovered)));
  log_warning("lesson {} was not finished; it is closed", lesson->info().lesson_id);
  for (const auto& found : read_mark_inbox(files_, lesson->directory(), clock_)) {
    if (lesson->import_mark(found.request)) SHILU_CHECK(files_.remove(found.file));
  }
  return lesson->finish(end, stopped ? away->stop_reason : "power-loss", [&](const auto& track) {
    return never_came.contains(track) ? GapReason::kSourceLost : reason;
  });
}

}  // namespace shilu::recorder
