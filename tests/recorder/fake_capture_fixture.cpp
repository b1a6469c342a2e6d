#include "tests/recorder/fake_capture_fixture.h"

#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>

#include "tests/recorder/units_fixture.h"

namespace shilu::test {
namespace {

constexpr std::uint64_t kGop = 5;

std::size_t index_of(MediaKind kind) {
  return kind == MediaKind::kVideo ? 0 : 1;
}

}  // namespace

FakeCapture::FakeCapture(const std::filesystem::path& directory, std::string source, std::uint32_t pid)
    : source_(std::move(source)), pid_(pid), socket_(directory / ("capture-" + source_ + ".sock")) {
  std::filesystem::create_directories(directory);
  auto listener = listen_unix(socket_);
  if (!listener) std::abort();
  listener_ = std::move(*listener);
  state_ = {link::SourceState::kLive, "", ""};
  server_ = std::thread([this] { serve(); });
  maker_ = std::thread([this] { make(); });
}

FakeCapture::~FakeCapture() {
  ending_ = true;
  ::shutdown(listener_.get(), SHUT_RDWR);
  hang_up();
  server_.join();
  maker_.join();
  ::unlink(socket_.c_str());
}

void FakeCapture::hang_up() {
  const std::lock_guard lock(mutex_);
  if (channel_) channel_->shutdown();
}

std::uint64_t FakeCapture::made(MediaKind kind) const {
  const std::lock_guard lock(mutex_);
  return made_[index_of(kind)];
}

std::uint64_t FakeCapture::forgotten(MediaKind kind) const {
  const std::lock_guard lock(mutex_);
  return forgotten_[index_of(kind)];
}

void FakeCapture::lose(const std::string& code) {
  const std::lock_guard lock(mutex_);
  away_ = true;
  state_ = {link::SourceState::kLost, "The camera is away.", code};
  send(state_);
}

void FakeCapture::find() {
  const std::lock_guard lock(mutex_);
  away_ = false;
  state_ = {link::SourceState::kLive, "", ""};
  send(state_);
}

void FakeCapture::withhold_pictures(const std::string& code) {
  const std::lock_guard lock(mutex_);
  pictures_ = false;
  std::erase_if(held_, [](const Held& held) { return held.kind == MediaKind::kVideo; });
  state_ = {link::SourceState::kLive, "Only its sound is recorded.", code};
  send(state_);
}

void FakeCapture::release_pictures() {
  const std::lock_guard lock(mutex_);
  pictures_ = true;
  state_ = {link::SourceState::kLive, "", ""};
  send(state_);
  send(video_parameters());
}

void FakeCapture::serve() {
  while (!ending_) {
    auto fd = accept_unix(listener_.get());
    if (!fd) return;
    auto channel = std::make_shared<MessageChannel>(std::move(*fd));
    {
      const std::lock_guard lock(mutex_);
      channel_ = channel;
      greet();
    }
    ++connections_;
    hear(*channel);
    const std::lock_guard lock(mutex_);
    channel_.reset();
  }
}

void FakeCapture::greet() {
  send(link::Hello{source_, "rtsp", boot_id(), pid_});
  send(state_);
  if (state_.code != "no-picture") send(video_parameters());
  send(audio_parameters());
  for (const auto& held : held_) static_cast<void>(channel_->send(held.message));
}

void FakeCapture::hear(MessageChannel& channel) {
  for (;;) {
    const auto received = channel.receive();
    if (!received || !*received) return;
    const auto message = link::decode(**received);
    if (!message) return;
    const auto* durable = std::get_if<link::Durable>(&*message);
    if (durable == nullptr) return;  // shutdown
    const std::lock_guard lock(mutex_);
    forgotten_[index_of(durable->kind)] = durable->number;
    std::erase_if(held_, [&](const Held& held) {
      return held.kind == durable->kind && held.number <= durable->number;
    });
  }
}

void FakeCapture::send(const link::Message& message) {
  if (channel_) static_cast<void>(channel_->send(link::encode(message)));
}

void FakeCapture::put(link::AccessUnit unit) {
  const std::lock_guard lock(mutex_);
  const auto number = ++made_[index_of(unit.kind)];
  if (away_ || (unit.kind == MediaKind::kVideo && !pictures_)) {
    --made_[index_of(unit.kind)];
    return;
  }
  unit.number = number;
  held_.push_back({unit.kind, number, link::encode(unit)});
  if (channel_) static_cast<void>(channel_->send(held_.back().message));
}

// Units appear 30 ms after their time, as behind a small jitter buffer.
void FakeCapture::make() {
  const SystemClock clock;
  const auto start = clock.monotonic();
  std::uint64_t picture = 0;
  std::uint64_t sound = 0;
  while (!ending_) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
    const auto until = clock.monotonic() + Nanoseconds(-30 * kMs);
    for (;; ++picture) {
      auto unit = steady_picture(picture, start, kGop);
      if (unit.decode_time > until) break;
      put(std::move(unit));
    }
    for (;; ++sound) {
      auto unit = steady_sound(sound, start);
      if (unit.decode_time > until) break;
      put(std::move(unit));
    }
  }
}

}  // namespace shilu::test
