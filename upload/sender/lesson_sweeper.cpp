#include "upload/sender/lesson_sweeper.h"

#include "firmware/base/log.h"
#include "upload/sender/enrolment.h"

namespace shilu::sender {
namespace {

using namespace std::chrono_literals;

constexpr auto kEvery = 1h;
constexpr auto kUntilClockKnown = 2s;

std::filesystem::path first_seen_file(const config::ApplianceSettings& settings) {
  return settings.data_directory / "first-seen.json";
}

}  // namespace

Result<Retention::Options> retention_options(const config::ApplianceSettings& settings) {
  Retention::Options options{settings.retention, settings.lessons_directory(),
                             settings.data_directory / "receipts", load_first_seen(first_seen_file(settings)),
                             std::nullopt};
  SHILU_TRY(const auto enrolled,
            load_enrolment(settings.data_directory / "enrolment.json", settings.platform_url));
  if (!enrolled) return options;
  SHILU_TRY(options.receipt_key, enrolled->receipt_key());
  return options;
}

LessonSweeper::LessonSweeper(const config::ApplianceSettings& settings, World world)
    : settings_(settings), world_(std::move(world)) {}

LessonSweeper::~LessonSweeper() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  woken_.notify_all();
  if (thread_.joinable()) thread_.join();
}

Status LessonSweeper::start() {
  SHILU_TRY(store_, store::DeviceStore::open(settings_.data_directory / "shilu.db"));
  thread_ = std::thread([this] { run(); });
  return {};
}

void LessonSweeper::run() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    lock.unlock();
    const auto time = now();
    if (time) {
      if (const auto swept = sweep(*time); !swept) log_error("retention: {}", swept.error().message);
    }
    lock.lock();
    const auto wait = time ? std::chrono::seconds(kEvery) : std::chrono::seconds(kUntilClockKnown);
    woken_.wait_for(lock, wait, [this] { return stopping_; });
  }
}

std::optional<WallTime> LessonSweeper::now() const {
  if (!world_.platform_clock)
    return clock_.quality().synchronised ? std::optional(clock_.wall()) : std::nullopt;
  const auto heard = world_.platform_clock();
  return heard ? std::optional(heard->now(clock_)) : std::nullopt;
}

Status LessonSweeper::sweep(WallTime now) {
  SHILU_TRY(const auto lessons, store_->lessons());
  SHILU_CHECK(note_first_seen(first_seen_file(settings_), lessons, now));
  SHILU_TRY(auto options, retention_options(settings_));
  Retention retention(*store_, std::move(options));
  SHILU_CHECK(retention.finish_removals());
  SHILU_TRY(const auto judgements, retention.judge(now));
  std::size_t gone = 0;
  for (const Judgement& one : judgements) {
    if (!one.may_go) continue;
    {
      const std::lock_guard lock(mutex_);
      if (stopping_) return {};
    }
    if (!retention.judge(one.lesson, now).may_go) continue;  // somebody may have cut a clip meanwhile
    SHILU_CHECK(retention.remove(one.lesson));
    log_info("retention: lesson={} taken away, {}: {}", one.lesson.id, one.code, one.text);
    ++gone;
    if (world_.on_removed) world_.on_removed();
  }
  log_info("retention: looked at {} lessons, took away {}", judgements.size(), gone);
  return {};
}

}  // namespace shilu::sender
