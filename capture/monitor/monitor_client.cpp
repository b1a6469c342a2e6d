#include "capture/monitor/monitor_client.h"

#include <algorithm>

#include "capture/monitor/monitor_protocol.h"
#include "firmware/base/json_io.h"
#include "firmware/base/log.h"

namespace shilu::monitor {
namespace {

constexpr Nanoseconds kReach = std::chrono::milliseconds(100);
constexpr Nanoseconds kFirstBackoff = std::chrono::milliseconds(500);
constexpr Nanoseconds kLongestBackoff = std::chrono::seconds(10);
constexpr Nanoseconds kEndPatience = std::chrono::seconds(2);

}  // namespace

MonitorClient::MonitorClient(std::filesystem::path runtime_directory, std::filesystem::path program,
                             Callbacks callbacks)
    : runtime_directory_(std::move(runtime_directory)),
      program_(std::move(program)),
      callbacks_(std::move(callbacks)),
      thread_([this] { run(); }) {}

MonitorClient::~MonitorClient() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
    if (channel_ != nullptr) channel_->shutdown();
  }
  wake_.notify_all();
  thread_.join();
}

bool MonitorClient::pause(Nanoseconds time) {
  std::unique_lock lock(mutex_);
  return !wake_.wait_for(lock, time, [this] { return ending_; });
}

void MonitorClient::run() {
  do {
    auto fd = connect_unix(monitor_socket(runtime_directory_));
    if (!fd) {
      keep_running();
      continue;
    }
    MessageChannel channel(std::move(*fd));
    {
      const std::lock_guard lock(mutex_);
      if (ending_) break;
      channel_ = &channel;
    }
    backoff_ = Nanoseconds(0);
    follow(channel);
    if (callbacks_.alarms) callbacks_.alarms({});
    const std::lock_guard lock(mutex_);
    channel_ = nullptr;
  } while (pause(kReach));
  if (child_) child_->stop(kEndPatience);
}

// Nobody answers: starts one, unless one was started that does not answer yet.
void MonitorClient::keep_running() {
  if (child_ && !child_->poll()) return;
  if (child_) log_warning("the monitor ended; it is started again");
  child_.reset();
  if (!pause(backoff_)) return;
  backoff_ = std::clamp(backoff_ * 2, kFirstBackoff, kLongestBackoff);
  ProcessOptions options;
  options.program = program_;
  options.arguments = {"--runtime", runtime_directory_.string()};
  auto started = ChildProcess::start(options);
  if (!started) return log_warning("nobody watches what is recorded: {}", started.error().message);
  child_ = std::move(*started);
}

void MonitorClient::follow(MessageChannel& channel) {
  for (;;) {
    const auto message = channel.receive();
    if (!message || !*message) return;
    const auto event = parse_json(as_text(**message));
    if (!event) return log_warning("monitor: {}", event.error().message);
    const auto name = json_string_or(*event, "event", "");
    if (name == "alarms" && callbacks_.alarms) {
      if (const auto alarms = json_array(*event, "alarms").and_then(alarms_from)) callbacks_.alarms(*alarms);
    } else if (name == "levels" && callbacks_.levels) {
      if (const auto levels = json_array(*event, "levels").and_then(levels_from)) callbacks_.levels(*levels);
    }
  }
}

}  // namespace shilu::monitor
