#include "upload/platform/background.h"

#include "firmware/base/log.h"
#include "upload/platform/deciding.h"
#include "upload/platform/intake.h"
#include "upload/platform/object_intake.h"
#include "upload/platform/sweep.h"
#include "upload/platform/verification.h"

namespace shilu::platform {
namespace {

// Without a wake-up: what a full or ailing disk held up is tried again.
constexpr auto kTick = std::chrono::seconds(30);
constexpr auto kBetweenChores = std::chrono::minutes(10);

void report(std::string_view part, const Status& status) {
  if (!status) log_error("{}: {}", part, status.error().message);
}

}  // namespace

Background::Background(const Context& context) : context_(context) {
  thread_ = std::thread([this] { run(); });
}

Background::~Background() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  woken_.notify_all();
  thread_.join();
}

void Background::wake() {
  {
    const std::lock_guard lock(mutex_);
    wake_ = true;
  }
  woken_.notify_all();
}

void Background::run() {
  std::unique_lock lock(mutex_);
  while (!stop_) {
    wake_ = false;
    lock.unlock();
    work();
    lock.lock();
    woken_.wait_for(lock, kTick, [&] { return wake_ || stop_; });
  }
}

void Background::work() {
  report("object store", fetch_objects(context_));
  report("intake", take_in_uploads(context_));
  report("verification", verify_packages(context_));
  if (std::chrono::steady_clock::now() >= chores_due_) do_chores();
}

void Background::do_chores() {
  report("deciding", decide_all(context_));
  sweep(context_);
  chores_due_ = std::chrono::steady_clock::now() + kBetweenChores;
}

}  // namespace shilu::platform
