#include "upload/sender/outbox.h"

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <random>
#include <thread>

#include "upload/sender/courier.h"
#include "upload/sender/link_watch.h"

namespace shilu::sender {

struct Outbox::Impl {
  Impl(OutboxOptions options_in, std::function<void(const std::string&)> on_change_in)
      : options(std::move(options_in)), on_change(std::move(on_change_in)), pace(options.upload, clock) {}

  void run();
  Courier::World world();
  void ring();

  const OutboxOptions options;
  const std::function<void(const std::string&)> on_change;
  SystemClock clock;
  Pace pace;

  // Bound to the outbox's thread once it runs.
  std::optional<store::DeviceStore> store;
  std::optional<Courier> courier;
  std::mt19937_64 random{std::random_device{}()};

  std::thread thread;
  std::optional<LinkWatch> link_watch;
  std::atomic<bool> stopping = false;
  std::atomic<bool> changed = false;  // the store may have changed under a running upload
  std::atomic<bool> by_person = false;
  std::atomic<bool> link_came = false;

  mutable std::mutex mutex;  // guards what follows
  std::condition_variable woken;
  bool wake_up = false;
  std::optional<Progress> current;
  std::optional<Bytes> identity_key;
  LineStatus line;
};

Outbox::Outbox(OutboxOptions options, std::function<void(const std::string&)> on_change)
    : impl_(std::make_unique<Impl>(std::move(options), std::move(on_change))) {}

Outbox::~Outbox() {
  impl_->link_watch.reset();
  impl_->stopping = true;
  impl_->ring();
  if (impl_->thread.joinable()) impl_->thread.join();
}

Courier::World Outbox::Impl::world() {
  Courier::World world;
  world.stopping = [this] { return stopping.load(); };
  world.changed = [this] { return changed.exchange(false); };
  world.on_change = on_change;
  world.on_progress = [this](const std::optional<Progress>& progress) {
    const std::lock_guard lock(mutex);
    current = progress;
  };
  world.on_line = [this](const LineStatus& status) {
    const std::lock_guard lock(mutex);
    line = status;
  };
  world.on_enrolled = [this](const Enrolled& enrolled) {
    const std::lock_guard lock(mutex);
    identity_key = enrolled.identity_key;
  };
  world.random = [this] { return std::uniform_real_distribution<double>(0, 1)(random); };
  world.way_out = [] { return default_interface(); };
  world.machine_uptime = [] {
    timespec up{};
    ::clock_gettime(CLOCK_BOOTTIME, &up);
    return Nanoseconds(std::chrono::seconds(up.tv_sec));
  };
  return world;
}

Status Outbox::start() {
  SHILU_TRY(store::DeviceStore store, store::DeviceStore::open(impl_->options.store_file));
  impl_->store.emplace(std::move(store));
  impl_->courier.emplace(impl_->options, *impl_->store, impl_->clock, impl_->pace, impl_->world());
  SHILU_CHECK(impl_->courier->open());
  impl_->thread = std::thread([impl = impl_.get()] { impl->run(); });
  impl_->link_watch.emplace([impl = impl_.get()] {
    impl->link_came = true;
    impl->ring();
  });
  return {};
}

void Outbox::Impl::ring() {
  {
    const std::lock_guard lock(mutex);
    wake_up = true;
  }
  woken.notify_all();
}

void Outbox::wake() {
  impl_->changed = true;
  impl_->by_person = true;
  impl_->ring();
}

void Outbox::Impl::run() {
  while (!stopping) {
    if (link_came.exchange(false)) courier->on_link_up();
    if (by_person.exchange(false)) courier->on_person();
    const Nanoseconds wait = courier->turn();
    std::unique_lock lock(mutex);
    woken.wait_for(lock, wait, [&] { return wake_up || stopping; });
    wake_up = false;
  }
}

std::optional<Progress> Outbox::progress(const std::string& submission_id) const {
  const std::lock_guard lock(impl_->mutex);
  if (!impl_->current || impl_->current->submission_id != submission_id) return std::nullopt;
  return impl_->current;
}

std::optional<Bytes> Outbox::identity_key() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->identity_key;
}

LineStatus Outbox::line() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->line;
}

std::string_view to_string(LineStatus::Link link) {
  switch (link) {
    case LineStatus::Link::kOk:
      return "ok";
    case LineStatus::Link::kOffline:
      return "offline";
    default:
      return "waiting";
  }
}

Pace& Outbox::pace() {
  return impl_->pace;
}

}  // namespace shilu::sender
