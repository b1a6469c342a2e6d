#include "firmware/portal/recorder_link.h"

#include "firmware/base/json_io.h"
#include "firmware/base/log.h"
#include "firmware/portal/lesson_index.h"
#include "firmware/portal/lesson_json.h"
#include "firmware/portal/state_json.h"

namespace shilu::portal {

void RecorderLink::start() {
  recorder::ControlSubscription::Callbacks callbacks;
  callbacks.status = [this](const recorder::RecorderStatus& status) { on_status(status); };
  callbacks.connection = [this](bool connected) { on_connection(connected); };
  subscription_ = std::make_unique<recorder::ControlSubscription>(
      recorder::control_socket(context_.settings.runtime_directory), std::move(callbacks));
  monitor_ = std::make_unique<monitor::MonitorClient>(
      context_.settings.runtime_directory, program_directory() / "shilu-monitor",
      monitor::MonitorClient::Callbacks{
          [this](const std::vector<monitor::Alarm>& alarms) { on_alarms(alarms); },
          [this](const std::vector<monitor::TrackLevel>& levels) { on_levels(levels); }});
}

void RecorderLink::stop() {
  monitor_.reset();
  subscription_.reset();
}

std::optional<recorder::RecorderStatus> RecorderLink::status() {
  const std::lock_guard lock(mutex_);
  return status_;
}

Result<std::optional<recorder::LessonStatus>> RecorderLink::running() {
  if (const auto heard = status(); heard && heard->lesson) return heard->lesson;
  SHILU_TRY(const auto told, context_.recorder.status());
  return told.lesson;
}

Json RecorderLink::state() {
  auto json = state_json(context_, status());
  const std::lock_guard lock(mutex_);
  json["alarms"] = monitor::to_json(alarms_);
  return json;
}

void RecorderLink::publish() {
  context_.events.publish("state", state());
}

void RecorderLink::on_status(const recorder::RecorderStatus& status) {
  std::string before;
  {
    const std::lock_guard lock(mutex_);
    if (status_ && status_->lesson) before = status_->lesson->id;
    status_ = status;
    last_ = status.lesson;
    heard_ = true;
    away_ = status.state == "private" || status.state == "stopping";
    heard_at_ = context_.clock.monotonic();
  }
  const std::string now = status.lesson ? status.lesson->id : "";
  if (context_.outbox != nullptr) context_.outbox->pace().set_recording(status.lesson.has_value());
  if (!before.empty() && before != now) lesson_changed(before);
  if (!now.empty()) keep_row(now);
  open_preview(status);
  publish();
}

// A start whose row could not be written: the journal knows whose lesson it is.
void RecorderLink::keep_row(const std::string& lesson) {
  const auto row = context_.store.lesson(lesson);
  if (row || row.error().kind != ErrorKind::kNotFound) return;
  if (const auto kept = refresh_index(context_, lesson); !kept)
    log_debug("index: lesson={} {}", lesson, kept.error().message);
}

void RecorderLink::on_connection(bool connected) {
  if (connected) return;
  {
    const std::lock_guard lock(mutex_);
    status_.reset();
  }
  publish();
}

std::optional<RecorderLink::LastLesson> RecorderLink::last_lesson() {
  {
    const std::lock_guard lock(mutex_);
    if (heard_ && !last_) return std::nullopt;
    if (last_) {
      const auto since = context_.clock.monotonic() - heard_at_;
      return LastLesson{last_->id, LessonTime::from_ms(last_->elapsed_ms) + since, away_};
    }
  }
  const auto ids = context_.lessons.ids();
  if (!ids || ids->empty()) return std::nullopt;
  const std::string& newest = ids->back();
  const auto found =
      context_.lessons.with<LastLesson>(newest, [&](journal::LessonFolder& folder) -> Result<LastLesson> {
        if (folder.finished()) return fail(ErrorKind::kFailedPrecondition, "no lesson is being recorded");
        const Nanoseconds since(context_.clock.wall().ns - folder.info().start_wall.ns);
        return LastLesson{newest, LessonTime{since.count()}, false};
      });
  return found ? std::optional(*found) : std::nullopt;
}

// For the teacher whose lesson is recorded. A lesson that the index does not know yet is shown to nobody, and
// while nothing is recorded - a private moment, a stop that may be taken back - nothing is shown either.
void RecorderLink::open_preview(const recorder::RecorderStatus& status) {
  std::optional<std::string> owner;
  const bool away = status.state == "private" || status.state == "stopping";
  if (status.lesson && !away) {
    if (const auto known = owner_of(context_, status.lesson->id)) owner = known->value_or("");
  }
  {
    const std::lock_guard lock(mutex_);
    teacher_ = owner.value_or("");
  }
  preview_.set_owner(owner);
}

void RecorderLink::on_alarms(const std::vector<monitor::Alarm>& alarms) {
  {
    const std::lock_guard lock(mutex_);
    alarms_ = alarms;
  }
  publish();
}

// How loud it is in the classroom is for its teacher alone.
void RecorderLink::on_levels(const std::vector<monitor::TrackLevel>& levels) {
  std::string teacher;
  {
    const std::lock_guard lock(mutex_);
    teacher = teacher_;
  }
  if (!teacher.empty()) context_.events.publish_to(teacher, "levels", {{"levels", monitor::to_json(levels)}});
}

// A lesson ended, by whoever's hand: its row gets the final facts and its teacher's pages hear of it.
void RecorderLink::lesson_changed(const std::string& ended) {
  if (const auto refreshed = refresh_index(context_, ended); !refreshed) {
    log_warning("index: lesson={} {}", ended, refreshed.error().message);
    return;
  }
  const auto lesson = context_.store.lesson(ended);
  if (lesson && lesson->teacher_id)
    context_.events.publish_to(*lesson->teacher_id, "lesson", lesson_json(*lesson));
}

}  // namespace shilu::portal
