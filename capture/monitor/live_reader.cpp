#include "capture/monitor/live_reader.h"

#include "firmware/base/log.h"

namespace shilu::monitor {
namespace {

constexpr Nanoseconds kPause = std::chrono::milliseconds(300);

}  // namespace

std::filesystem::path live_socket(const std::filesystem::path& runtime_directory, const std::string& source) {
  return runtime_directory / ("live-" + source + ".sock");
}

LiveReader::LiveReader(std::filesystem::path socket, std::function<void(const link::Message&)> on_message)
    : socket_(std::move(socket)), on_message_(std::move(on_message)), thread_([this] { run(); }) {}

LiveReader::~LiveReader() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
    if (channel_ != nullptr) channel_->shutdown();
  }
  wake_.notify_all();
  thread_.join();
}

bool LiveReader::pause() {
  std::unique_lock lock(mutex_);
  return !wake_.wait_for(lock, kPause, [this] { return ending_; });
}

void LiveReader::run() {
  do {
    auto fd = connect_unix(socket_);
    if (!fd) continue;
    MessageChannel channel(std::move(*fd));
    {
      const std::lock_guard lock(mutex_);
      if (ending_) return;
      channel_ = &channel;
    }
    follow(channel);
    const std::lock_guard lock(mutex_);
    channel_ = nullptr;
  } while (pause());
}

void LiveReader::follow(MessageChannel& channel) {
  for (;;) {
    const auto bytes = channel.receive();
    if (!bytes || !*bytes) return;
    const auto message = link::decode(**bytes);
    if (!message) return log_warning("{}: {}", socket_.string(), message.error().message);
    on_message_(*message);
  }
}

}  // namespace shilu::monitor
