#include "capture/recorder/source_supervisor.h"

#include <fmt/format.h>
#include <signal.h>

#include <algorithm>

#include "firmware/base/log.h"

namespace shilu::recorder {
namespace {

constexpr Nanoseconds kReceiveSlice = std::chrono::milliseconds(500);
constexpr Nanoseconds kReachSlice = std::chrono::milliseconds(20);
constexpr Nanoseconds kSpawnPatience = std::chrono::seconds(10);
constexpr Nanoseconds kHelloPatience = std::chrono::seconds(3);

}  // namespace

SourceSupervisor::SourceSupervisor(Options options, SourceListener& listener)
    : options_(std::move(options)), listener_(listener) {}

SourceSupervisor::~SourceSupervisor() {
  end(Ending::kLeaveRunning);
}

std::filesystem::path SourceSupervisor::socket_path() const {
  return options_.runtime_directory / fmt::format("capture-{}.sock", options_.source.name);
}

void SourceSupervisor::start() {
  thread_ = std::thread([this] { run(); });
}

void SourceSupervisor::end(Ending ending) {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
    if (channel_ && ending == Ending::kShutDown)
      static_cast<void>(channel_->send(link::encode(link::Shutdown{})));
    if (channel_) channel_->shutdown();
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
  if (child_ && ending == Ending::kShutDown) {
    child_->stop(std::chrono::seconds(3));  // not connected, or slow to say good-bye
    child_.reset();
  }
}

void SourceSupervisor::acknowledge(MediaKind kind, UnitName unit) {
  const std::lock_guard lock(mutex_);
  if (!channel_ || unit.peer != peer_) return;
  // A failure shows in the thread that receives.
  static_cast<void>(channel_->send(link::encode(link::Durable{kind, unit.number})));
}

bool SourceSupervisor::pause(Nanoseconds time) {
  std::unique_lock lock(mutex_);
  return !wake_.wait_for(lock, time, [this] { return ending_; });
}

void SourceSupervisor::need_key() {
  const std::lock_guard lock(mutex_);
  if (channel_) static_cast<void>(channel_->send(link::encode(link::NeedKey{})));
}

void SourceSupervisor::tell_trouble(std::string code, std::string detail) {
  log_warning("{}: {}", options_.source.name, detail);
  listener_.state_changed({link::SourceState::kLost, std::move(detail), std::move(code)});
}

void SourceSupervisor::run() {
  while (pause(Nanoseconds(0))) {
    if (auto fd = reach()) {
      const auto begun = clock_.monotonic();
      live_one_connection(std::move(*fd));
      if (clock_.monotonic() - begun > options_.longest_backoff) backoff_ = Nanoseconds(0);
    }
    if (!pause(backoff_)) return;
    backoff_ = std::clamp(backoff_ * 2, options_.first_backoff, options_.longest_backoff);
  }
}

// The connection to the capture process: of one that still lives, else of a new one.
std::optional<UniqueFd> SourceSupervisor::reach() {
  if (auto fd = connect_unix(socket_path())) return std::move(*fd);
  const bool running = child_ && !child_->poll();
  if (!running) spawn();
  while (child_ && !child_->poll() && clock_.monotonic() - spawned_at_ < kSpawnPatience) {
    if (auto fd = connect_unix(socket_path())) return std::move(*fd);
    if (!pause(kReachSlice)) return std::nullopt;
  }
  if (!child_) return std::nullopt;
  const auto status = child_->stop(std::chrono::seconds(1));
  child_.reset();
  tell_trouble("failed",
               fmt::format("The capture process of {} ended with status {}.", options_.source.name, status));
  return std::nullopt;
}

void SourceSupervisor::spawn() {
  ProcessOptions process;
  process.program = options_.capture_program;
  process.arguments = options_.source.capture_arguments;
  process.arguments.insert(process.arguments.end(), {"--socket", socket_path().string()});
  process.lifetime = Lifetime::kDetached;
  process.log_file = options_.capture_log;
  auto started = ChildProcess::start(process);
  spawned_at_ = clock_.monotonic();
  child_.reset();
  if (started) {
    child_ = std::move(*started);
    log_info("{}: capture process {} started", options_.source.name, child_->pid());
  } else {
    tell_trouble("failed", started.error().message);
  }
}

void SourceSupervisor::live_one_connection(UniqueFd fd) {
  {
    const std::lock_guard lock(mutex_);
    if (ending_) return;
    channel_.emplace(std::move(fd));
  }
  live_ = false;
  last_message_ = clock_.monotonic();
  const auto first = channel_->receive(kHelloPatience);
  const auto message = first && *first ? link::decode(**first) : Result<link::Message>(link::Shutdown{});
  const auto* hello = message ? std::get_if<link::Hello>(&*message) : nullptr;
  if (hello != nullptr && greet(*hello)) {
    listen();
    listener_.peer_lost();
  }
  const std::lock_guard lock(mutex_);
  channel_.reset();
}

// Takes up what the process says of itself; false: it cannot be ours.
bool SourceSupervisor::greet(const link::Hello& hello) {
  if (hello.source != options_.source.name || hello.boot_id != boot_id()) {
    tell_trouble("failed", fmt::format("The process on {} is not the capture of {}.", socket_path().string(),
                                       options_.source.name));
    return false;
  }
  std::uint64_t peer = 0;
  {
    const std::lock_guard lock(mutex_);
    if (hello.pid != peer_pid_) ++peer_;
    peer_pid_ = hello.pid;
    peer = peer_;
  }
  listener_.peer_connected(peer);
  return true;
}

void SourceSupervisor::listen() {
  for (;;) {
    auto received = channel_->receive(kReceiveSlice);
    if (!received && received.error().kind == ErrorKind::kTimedOut) {
      if (!stuck()) continue;
      tell_trouble("failed",
                   fmt::format("The capture process of {} hangs; it is started anew.", options_.source.name));
      ::kill(static_cast<pid_t>(peer_pid_), SIGKILL);
      return;
    }
    if (!received || !*received) return;
    last_message_ = clock_.monotonic();
    auto message = link::decode(**received);
    if (!message) {
      tell_trouble("failed", fmt::format("The capture process of {} sent what is no message: {}",
                                         options_.source.name, message.error().message));
      return;
    }
    dispatch(std::move(*message));
  }
}

bool SourceSupervisor::stuck() {
  return live_ && peer_pid_ > 1 && clock_.monotonic() - last_message_ > options_.stuck_after;
}

void SourceSupervisor::dispatch(link::Message message) {
  if (auto* unit = std::get_if<link::AccessUnit>(&message)) {
    listener_.unit_arrived(std::move(*unit));
  } else if (const auto* parameters = std::get_if<link::TrackParameters>(&message)) {
    listener_.parameters_changed(*parameters);
  } else if (const auto* change = std::get_if<link::StateChange>(&message)) {
    live_ = change->state == link::SourceState::kLive;
    listener_.state_changed(*change);
  }
}

}  // namespace shilu::recorder
