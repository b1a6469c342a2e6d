#include "capture/recorder/event_hub.h"

#include <utility>

#include "capture/recorder/control_protocol.h"
#include "firmware/base/json_io.h"

namespace shilu::recorder {

void Outbox::put(std::string message) {
  const std::lock_guard lock(mutex_);
  if (messages_.size() >= kMost) closed_ = true;
  if (!closed_) messages_.push_back(std::move(message));
  wake_.notify_one();
}

std::optional<std::string> Outbox::take() {
  std::unique_lock lock(mutex_);
  wake_.wait(lock, [this] { return closed_ || !messages_.empty(); });
  if (messages_.empty()) return std::nullopt;
  auto message = std::move(messages_.front());
  messages_.pop_front();
  return message;
}

void Outbox::close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  wake_.notify_one();
}

bool Outbox::closed() const {
  const std::lock_guard lock(mutex_);
  return closed_;
}

void EventHub::subscribe(std::shared_ptr<Outbox> outbox) {
  const std::lock_guard lock(mutex_);
  subscribers_.push_back(std::move(outbox));
  changed_ = true;  // the new one gets the status at once
  wake_.notify_all();
}

void EventHub::publish(const std::string& message) {
  const std::lock_guard lock(mutex_);
  std::erase_if(subscribers_, [](const auto& outbox) { return outbox->closed(); });
  for (const auto& outbox : subscribers_) outbox->put(message);
}

bool EventHub::await_change(Nanoseconds time) {
  std::unique_lock lock(mutex_);
  wake_.wait_for(lock, time, [this] { return changed_ || ending_; });
  changed_ = false;
  return !ending_;
}

void EventHub::end() {
  const std::lock_guard lock(mutex_);
  ending_ = true;
  wake_.notify_all();
}

void EventHub::on_fragment(const std::string& lesson_id, const std::string& track,
                           const journal::FragmentRecord& record) {
  const FragmentNotice notice{lesson_id,
                              track,
                              record.epoch,
                              record.offset,
                              record.size,
                              record.sequence,
                              (record.flags & journal::kKey) != 0};
  publish(canonical_json(to_json(notice)));
}

void EventHub::on_epoch(const std::string& lesson_id, const journal::EpochEvent& epoch) {
  const EpochNotice notice{lesson_id, epoch.name, epoch.epoch, epoch.codec, epoch.header_size};
  publish(canonical_json(to_json(notice)));
}

void EventHub::on_change() {
  const std::lock_guard lock(mutex_);
  changed_ = true;
  wake_.notify_all();
}

}  // namespace shilu::recorder
