#include "capture/recorder/lesson_threads.h"

#include <algorithm>

#include "firmware/base/log.h"

namespace shilu::recorder {
namespace {

constexpr Nanoseconds kFirstRetry = std::chrono::milliseconds(200);
constexpr Nanoseconds kLastRetry = std::chrono::seconds(5);

}  // namespace

LessonThreads::LessonThreads(LiveLesson& lesson, Nanoseconds tick)
    : lesson_(lesson), tick_(tick), writer_([this] { write(); }), sync_([this] { sync(); }) {}

void LessonThreads::end() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  to_writer_.notify_all();
  to_sync_.notify_all();
  if (writer_.joinable()) writer_.join();
  if (sync_.joinable()) sync_.join();
}

void LessonThreads::fragment_offered() {
  {
    const std::lock_guard lock(mutex_);
    offered_ = true;
  }
  to_writer_.notify_one();
}

void LessonThreads::tick_wanted() {
  {
    const std::lock_guard lock(mutex_);
    tick_now_ = true;
  }
  to_sync_.notify_one();
}

bool LessonThreads::ending() const {
  const std::lock_guard lock(mutex_);
  return ending_;
}

std::string LessonThreads::fault() const {
  const std::lock_guard lock(mutex_);
  return sync_fault_.empty() ? write_fault_ : sync_fault_;
}

void LessonThreads::report(std::string& place, const Status& status) {
  const auto text = status ? std::string() : status.error().message;
  const std::lock_guard lock(mutex_);
  if (text != place && !text.empty()) log_error("the disk does not take the recording: {}", text);
  place = text;
}

void LessonThreads::write() {
  Nanoseconds retry = kFirstRetry;
  bool offered = false;
  for (;;) {
    const auto written = lesson_.writer().write_waiting([this] { return !ending(); });
    report(write_fault_, written);
    retry = written ? kFirstRetry : std::min(retry * 2, kLastRetry);
    std::unique_lock lock(mutex_);
    if (offered) written_ = true;
    if (offered) to_sync_.notify_one();
    // Once a tick also without a word: a file that could not be synced waits to be written anew.
    offered =
        to_writer_.wait_for(lock, written ? tick_ : retry, [&] { return ending_ || (written && offered_); });
    offered_ = false;
    if (ending_) return;
  }
}

bool LessonThreads::await_tick(std::optional<Nanoseconds> retry) {
  std::unique_lock lock(mutex_);
  const auto wanted = [this] { return ending_ || tick_now_; };
  if (retry) {
    to_sync_.wait_for(lock, std::max(tick_, *retry), wanted);
  } else if (!to_sync_.wait_for(lock, tick_ / 2, wanted)) {
    to_sync_.wait_for(lock, tick_ - tick_ / 2, [&] { return wanted() || written_; });
  }
  tick_now_ = false;
  written_ = false;
  return !ending_;
}

void LessonThreads::sync() {
  std::optional<Nanoseconds> retry;
  while (await_tick(retry)) {
    const auto synced = lesson_.tick();
    report(sync_fault_, synced);
    if (!synced && synced.error().kind == ErrorKind::kStorageFull) lesson_.writer().meet_full_disk();
    if (synced) {
      retry.reset();
    } else {
      retry = retry ? std::min(*retry * 2, kLastRetry) : kFirstRetry * 2;
    }
  }
}

}  // namespace shilu::recorder
