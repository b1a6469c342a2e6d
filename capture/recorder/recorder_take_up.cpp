// The recorder's start: lessons that no stop closed are resumed or closed.

#include <algorithm>

#include "capture/recorder/lesson_recovery.h"
#include "capture/recorder/recorder_session.h"
#include "firmware/base/log.h"

namespace shilu::recorder {
namespace {

// Only who began a lesson can sign its end.
bool certified_for(const LessonInfo& info, const PublicKey& key) {
  const auto envelope = DsseEnvelope::from_json(info.recording_certificate);
  if (!envelope) return false;
  const auto certificate = KeyCertificate::from_envelope(*envelope);
  return certificate && certificate->key == key;
}

}  // namespace

bool Recorder::can_resume(const RecoveredLesson& recovered) const {
  if (!recovered.same_boot) return false;
  const auto last = recovered.info.start_monotonic + Nanoseconds(recovered.stored_until.ns);
  return clock_.monotonic() - last < settings_.resume_within;
}

Status Recorder::take_up_unfinished() {
  if (settings_.lessons_directory.empty()) return {};
  SHILU_CHECK(files_.create_directories(settings_.lessons_directory));
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
  if (!certified_for(recovered.info, key_.key.public_key())) {
    return fail(ErrorKind::kFailedPrecondition, "the lesson was begun with another recording key; it is left as it is");
  }
  const bool resume = may_resume && can_resume(recovered);
  const auto end = LessonTime::from_ms(std::max<std::int64_t>(recovered.stored_until.ms(), 0));
  SHILU_TRY(auto lesson, LiveLesson::resume(surroundings(), std::move(recovered)));
  log_warning("lesson {} was not finished; it is {}", lesson->info().lesson_id, resume ? "resumed" : "closed");
  if (!resume) return lesson->finish(end, "power-loss", [](const auto&) { return GapReason::kRecorderRestart; });
  begin_session(std::move(lesson));
  return {};
}

}  // namespace shilu::recorder
