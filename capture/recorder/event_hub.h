#pragma once
// Carries the recorder's news to whoever subscribed. Publishing never waits for a subscriber: each has a
// bounded outbox, and one that does not empty it is cut off. Thread-safe.

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "capture/recorder/recorder.h"

namespace shilu::recorder {

// Messages on their way to one client.
class Outbox {
 public:
  void put(std::string message);      // to a full or closed outbox: closes it
  std::optional<std::string> take();  // waits; nullopt: closed and empty
  void close();
  bool closed() const;

 private:
  static constexpr std::size_t kMost = 1000;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::string> messages_;
  bool closed_ = false;
};

class EventHub final : public RecorderListener {
 public:
  void subscribe(std::shared_ptr<Outbox> outbox);
  void publish(const std::string& message);
  // Waits for a change, at most `time`; false: ending.
  bool await_change(Nanoseconds time);
  void end();

  void on_fragment(const std::string& lesson_id, const std::string& track,
                   const journal::FragmentRecord& record) override;
  void on_epoch(const std::string& lesson_id, const journal::EpochEvent& epoch) override;
  void on_change() override;

 private:
  std::mutex mutex_;  // guards all below
  std::condition_variable wake_;
  std::vector<std::shared_ptr<Outbox>> subscribers_;  // shared with the connection that empties it
  bool changed_ = false;
  bool ending_ = false;
};

}  // namespace shilu::recorder
