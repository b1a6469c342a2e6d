#include "capture/monitor/lesson_watch.h"

#include <fmt/format.h>

#include <algorithm>

#include "firmware/base/log.h"

namespace shilu::monitor {
namespace {

constexpr std::size_t kMostNews = 256;
constexpr double kShare = 0.15;  // of one core, for pictures
constexpr Nanoseconds kBurst = std::chrono::seconds(2);

StillPicture still_picture_of(const std::string& source_kind) {
  return source_kind == "rtsp" || source_kind == "v4l2" ? StillPicture::kFault : StillPicture::kUsual;
}

}  // namespace

LessonWatch::LessonWatch(std::function<void(const std::vector<Alarm>&)> tell)
    : tell_(std::move(tell)), budget_(kShare, kBurst), thread_([this] { run(); }) {}

LessonWatch::~LessonWatch() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

void LessonWatch::on_status(const recorder::RecorderStatus& status) {
  const std::lock_guard lock(mutex_);
  status_ = status;
  wake_.notify_all();
}

void LessonWatch::on_fragment(const recorder::FragmentNotice& notice) {
  const std::lock_guard lock(mutex_);
  news_.push_back(notice);
  if (news_.size() > kMostNews) news_.pop_front();
  wake_.notify_all();
}

void LessonWatch::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [this] { return ending_ || status_ || !news_.empty(); });
    if (ending_) return;
    const auto status = std::exchange(status_, std::nullopt);
    std::optional<recorder::FragmentNotice> notice;
    // The status tells which lesson the news are of; news of a lesson that is not known yet wait for it.
    if (!status && !news_.empty()) {
      notice = std::move(news_.front());
      news_.pop_front();
    }
    lock.unlock();
    if (status) watch_durability(*status, SystemClock().monotonic());
    if (notice) take(*notice);
    tell_if_changed();
    lock.lock();
  }
}

void LessonWatch::follow_lesson(const std::string& id, const std::string& directory) {
  if (id == lesson_) return;
  lesson_ = id;
  directory_ = directory;
  tracks_.clear();
  durability_ = {};
}

void LessonWatch::take(const recorder::FragmentNotice& notice) {
  if (lesson_.empty() || notice.lesson_id != lesson_) return;
  auto* watch = track(notice.track);
  if (watch == nullptr) return;
  const bool sound = watch->kind() == MediaKind::kAudio;
  if (!sound && !(notice.key && budget_.allows(SystemClock().monotonic(), thread_cpu_time()))) return;
  const FragmentPlace place{directory_ / notice.track / fmt::format("e{:03}.mp4", notice.epoch),
                            notice.offset, notice.size};
  if (const auto taken = watch->take(place); !taken) log_debug("{}: {}", notice.track, taken.error().message);
}

TrackWatch* LessonWatch::track(const std::string& name) {
  if (const auto found = tracks_.find(name); found != tracks_.end()) return &found->second;
  const auto parsed = parse_track_name(name);
  if (!parsed) return nullptr;
  return &tracks_.try_emplace(name, name, parsed->kind, still_picture_of(kinds_[parsed->source]))
              .first->second;
}

void LessonWatch::watch_durability(const recorder::RecorderStatus& status, MonotonicTime now) {
  for (const auto& source : status.sources) kinds_[source.name] = source.kind;
  follow_lesson(status.lesson ? status.lesson->id : "", status.lesson ? status.lesson->directory : "");
  durability_.look(status, now);
}

void LessonWatch::tell_if_changed() {
  auto alarms = durability_.alarms();
  for (const auto& [name, watch] : tracks_) {
    const auto more = watch.alarms();
    alarms.insert(alarms.end(), more.begin(), more.end());
  }
  if (alarms == told_) return;
  for (const auto& alarm : alarms) {
    if (std::find(told_.begin(), told_.end(), alarm) == told_.end())
      log_warning("{}: {}", alarm.track, to_string(alarm.kind));
  }
  told_ = alarms;
  tell_(told_);
}

}  // namespace shilu::monitor
