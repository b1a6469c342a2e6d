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
  callbacks.fragment = [this](const recorder::FragmentNotice& notice) { preview_.on_fragment(notice); };
  callbacks.connection = [this](bool connected) { on_connection(connected); };
  subscription_ = std::make_unique<recorder::ControlSubscription>(
      recorder::control_socket(context_.settings.runtime_directory), std::move(callbacks));
}

void RecorderLink::stop() {
  subscription_.reset();
}

std::optional<recorder::RecorderStatus> RecorderLink::status() {
  const std::lock_guard lock(mutex_);
  return status_;
}

Json RecorderLink::state() {
  return state_json(context_, status());
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
  }
  const std::string now = status.lesson ? status.lesson->id : "";
  if (!before.empty() && before != now) lesson_changed(before);
  publish();
}

void RecorderLink::on_connection(bool connected) {
  if (connected) return;
  {
    const std::lock_guard lock(mutex_);
    status_.reset();
  }
  publish();
}

// A lesson ended, by whoever's hand: its row gets the final facts and its teacher's pages hear of it.
void RecorderLink::lesson_changed(const std::string& ended) {
  preview_.on_end();
  if (const auto refreshed = refresh_index(context_, ended); !refreshed) {
    log_warning("index: lesson={} {}", ended, refreshed.error().message);
    return;
  }
  const auto lesson = context_.store.lesson(ended);
  if (lesson && lesson->teacher_id)
    context_.events.publish_to(*lesson->teacher_id, "lesson", lesson_json(*lesson));
}

}  // namespace shilu::portal
