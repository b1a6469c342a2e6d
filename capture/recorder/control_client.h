#pragma once
// Talks to a recorder in another process. Each call is a connection of its own, so a client outlives any
// restart of the recorder; kUnavailable (or kNotFound) means that none is there. Thread-safe.

#include <atomic>
#include <filesystem>
#include <functional>
#include <thread>

#include "capture/recorder/control_protocol.h"

namespace shilu::recorder {

class ControlClient {
 public:
  explicit ControlClient(std::filesystem::path socket) : socket_(std::move(socket)) {}

  // Errors are the recorder's own, kind and sentence; control_code() gives their stable code.
  Result<RecorderStatus> status() const;
  Result<StartedLesson> start(const StartRequest& request) const;
  Result<StoppedLesson> stop() const;
  Result<StoppedLesson> stop_for_now() const;
  Status go_on() const;
  Status begin_private() const;
  Result<std::int64_t> extend(Nanoseconds by) const;
  Status redact(const RedactRequest& request) const;
  Status arm(Nanoseconds lease) const;
  Status disarm() const;
  // Good only when the mark is stored for good. Repeating it with the same id is safe.
  Result<MarkNotice> mark(const MarkRequest& request) const;
  Status undo_mark(const std::string& id) const;

 private:
  Result<Json> ask(const Json& request, Nanoseconds patience) const;
  std::filesystem::path socket_;
};

// The recorder's news, on a thread of its own; connects again whenever the recorder comes back.
class ControlSubscription {
 public:
  struct Callbacks {  // each may be empty
    std::function<void(const RecorderStatus&)> status;
    std::function<void(const FragmentNotice&)> fragment;
    std::function<void(const EpochNotice&)> epoch;
    std::function<void(bool connected)> connection;
  };
  ControlSubscription(std::filesystem::path socket, Callbacks callbacks);
  ~ControlSubscription();  // no callback runs after it
  ControlSubscription(const ControlSubscription&) = delete;
  ControlSubscription& operator=(const ControlSubscription&) = delete;

 private:
  void run();
  Status follow();
  void dispatch(const Json& event) const;

  std::filesystem::path socket_;
  Callbacks callbacks_;
  std::atomic<bool> ending_ = false;
  std::thread thread_;
};

}  // namespace shilu::recorder
