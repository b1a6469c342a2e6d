#include "upload/platform/background.h"

#include "firmware/base/log.h"
#include "upload/platform/deciding.h"
#include "upload/platform/intake.h"
#include "upload/platform/object_intake.h"
#include "upload/platform/sweep.h"
#include "upload/platform/verification.h"

namespace shilu::platform {
namespace {

constexpr auto kTick = std::chrono::seconds(30);
constexpr auto kBetweenChores = std::chrono::minutes(10);

void report(std::string_view part, const Status& status) {
  if (!status) log_error("{}: {}", part, status.error().message);
}

}  // namespace

Worker::Worker(std::function<void(const std::stop_token&)> work)
    : work_(std::move(work)), thread_([this](const std::stop_token& stop) { run(stop); }) {}

void Worker::wake() {
  {
    const std::lock_guard lock(mutex_);
    wake_ = true;
  }
  woken_.notify_all();
}

void Worker::run(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    wake_ = false;
    lock.unlock();
    work_(stop);
    lock.lock();
    woken_.wait_for(lock, stop, kTick, [&] { return wake_; });
  }
}

Background::Background(const Context& context)
    : context_(context),
      intake_([this](const std::stop_token&) { take_in(); }),
      store_([this](const std::stop_token& stop) {
        report("object store", fetch_objects(context_, stop, [this] { intake_.wake(); }));
      }) {}

void Background::wake() {
  intake_.wake();
  store_.wake();
}

void Background::take_in() {
  report("intake", take_in_uploads(context_));
  report("verification", verify_packages(context_));
  if (std::chrono::steady_clock::now() < chores_due_) return;
  report("deciding", decide_all(context_));
  sweep(context_);
  chores_due_ = std::chrono::steady_clock::now() + kBetweenChores;
}

}  // namespace shilu::platform
