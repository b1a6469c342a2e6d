#include "capture/monitor/monitor.h"

#include "capture/monitor/monitor_protocol.h"

namespace shilu::monitor {
namespace {

constexpr Nanoseconds kLevelsEvery = std::chrono::milliseconds(200);

}  // namespace

Result<std::unique_ptr<Monitor>> Monitor::open(const std::filesystem::path& runtime_directory) {
  SHILU_TRY(auto listener, listen_unix(monitor_socket(runtime_directory)));
  return std::unique_ptr<Monitor>(new Monitor(runtime_directory, std::move(listener)));
}

Monitor::Monitor(std::filesystem::path runtime_directory, UniqueFd listener)
    : runtime_directory_(std::move(runtime_directory)),
      server_(std::move(listener)),
      lesson_([this](const std::vector<Alarm>& alarms) { server_.tell_alarms(alarms); }),
      teller_([this] { tell_levels(); }),
      subscription_(
          recorder::control_socket(runtime_directory_),
          {.status = [this](const recorder::RecorderStatus& status) { on_status(status); },
           .fragment = [this](const recorder::FragmentNotice& notice) { lesson_.on_fragment(notice); },
           .epoch = {},
           .connection = {}}) {}

Monitor::~Monitor() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  wake_.notify_all();
  teller_.join();
}

void Monitor::on_status(const recorder::RecorderStatus& status) {
  lesson_.on_status(status);
  const std::lock_guard lock(mutex_);
  for (const auto& source : status.sources) {
    if (!meters_.contains(source.name))
      meters_.emplace(source.name, std::make_unique<LevelMeter>(runtime_directory_, source.name));
  }
}

void Monitor::tell_levels() {
  std::unique_lock lock(mutex_);
  while (!wake_.wait_for(lock, kLevelsEvery, [this] { return ending_; })) {
    std::vector<TrackLevel> levels;
    for (const auto& [source, meter] : meters_) {
      if (auto level = meter->take()) levels.push_back(std::move(*level));
    }
    if (!levels.empty()) server_.tell_levels(levels);
  }
}

}  // namespace shilu::monitor
