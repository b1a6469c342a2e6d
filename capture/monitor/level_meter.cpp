#include "capture/monitor/level_meter.h"

#include <algorithm>

namespace shilu::monitor {

LevelMeter::LevelMeter(const std::filesystem::path& runtime_directory, const std::string& source)
    : track_(track_name(source, MediaKind::kAudio)),
      reader_(live_socket(runtime_directory, source),
              [this](const link::Message& message) { hear(message); }) {}

void LevelMeter::hear(const link::Message& message) {
  if (const auto* track = std::get_if<link::TrackParameters>(&message)) {
    if (track->kind != MediaKind::kAudio) return;
    auto opened = media::SoundUnits::open(track->parameters);
    decoder_.reset();
    watch_.reset();
    if (opened) decoder_ = std::move(*opened);
    return;
  }
  const auto* unit = std::get_if<link::AccessUnit>(&message);
  if (unit == nullptr || unit->kind != MediaKind::kAudio || !decoder_) return;
  const auto samples = decoder_->samples(unit->data);
  if (samples.empty()) return;
  if (!watch_) watch_.emplace(decoder_->sample_rate(), decoder_->channels());
  watch_->add(samples);
  const auto now = watch_->level();
  const std::lock_guard lock(mutex_);
  if (!level_) level_ = now;
  level_->rms_dbfs = std::max(level_->rms_dbfs, now.rms_dbfs);
  level_->peak_dbfs = std::max(level_->peak_dbfs, now.peak_dbfs);
}

std::optional<TrackLevel> LevelMeter::take() {
  const std::lock_guard lock(mutex_);
  const auto level = std::exchange(level_, std::nullopt);
  if (!level) return std::nullopt;
  return TrackLevel{track_, level->rms_dbfs, level->peak_dbfs};
}

}  // namespace shilu::monitor
