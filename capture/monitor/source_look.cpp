#include "capture/monitor/source_look.h"

#include <fmt/format.h>

#include <algorithm>

#include "firmware/base/log.h"

namespace shilu::monitor {
namespace {

constexpr int kSnapshotWidth = 640;
constexpr std::size_t kEnoughSound = 24;  // frames of AAC: half a second
constexpr std::size_t kEnoughPictures = 5;
constexpr Nanoseconds kSoundComesWithin = std::chrono::milliseconds(700);
constexpr Nanoseconds kKeysComeWithin = std::chrono::milliseconds(1300);
constexpr double kTooQuiet_dbfs = -65;
constexpr int kTooLoudBlocks = 2;  // of 100 ms with flat tops; a single one may be a clap
constexpr double kLongestKeyDistance_s = 2.2;

double seconds_of(Nanoseconds time) {
  return static_cast<double>(time.count()) / 1e9;
}

}  // namespace

void SourceLook::take(const link::Message& message) {
  if (const auto* track = std::get_if<link::TrackParameters>(&message)) {
    set_parameters(*track);
  } else if (const auto* unit = std::get_if<link::AccessUnit>(&message)) {
    lost_.clear();
    facts_.code.clear();
    unit->kind == MediaKind::kVideo ? see(*unit) : hear(*unit);
  } else if (const auto* state = std::get_if<link::StateChange>(&message)) {
    if (state->state == link::SourceState::kLost) {
      lost_ = state->detail;
      facts_.code = state->code;
    } else if (state->state == link::SourceState::kLive && !state->detail.empty()) {
      facts_.problems = {state->detail};
    }
  }
}

void SourceLook::set_parameters(const link::TrackParameters& track) {
  const auto& parameters = track.parameters;
  if (track.kind == MediaKind::kAudio) {
    auto opened = media::SoundUnits::open(parameters);
    sound_.reset();
    if (opened) sound_ = std::move(*opened);
    facts_.sound = SoundFacts{rfc6381(parameters), parameters.sample_rate, parameters.channels, -120, -120};
    return;
  }
  picture_parameters_ = parameters;
  if (!facts_.picture) facts_.picture.emplace();
  facts_.picture->codec = rfc6381(parameters);
  facts_.picture->width = parameters.width;
  facts_.picture->height = parameters.height;
  if (track.nominal_ticks > 0)
    facts_.picture->pictures_per_second = static_cast<double>(parameters.timescale) / track.nominal_ticks;
}

void SourceLook::see(const link::AccessUnit& unit) {
  ++picture_units_;
  if (!first_picture_) first_picture_ = unit.decode_time;
  last_picture_ = unit.decode_time;
  if (!unit.sync) return;
  if (key_ && facts_.picture)
    facts_.picture->key_distance_seconds = seconds_of(unit.decode_time - key_->decode_time);
  key_ = unit;
}

void SourceLook::hear(const link::AccessUnit& unit) {
  if (!sound_ || !facts_.sound) return;
  ++sound_units_;
  const auto samples = sound_->samples(unit.data);
  if (samples.empty()) return;
  if (!watch_) watch_.emplace(sound_->sample_rate(), sound_->channels());
  watch_->add(samples);
  facts_.sound->rms_dbfs = std::max(facts_.sound->rms_dbfs, watch_->level().rms_dbfs);
  facts_.sound->peak_dbfs = std::max(facts_.sound->peak_dbfs, watch_->level().peak_dbfs);
}

bool SourceLook::complete(Nanoseconds since_first_unit) const {
  if (!lost_.empty() && !begun()) return facts_.code != "no-data";  // which may still change its mind
  const bool heard =
      sound_units_ >= kEnoughSound || (sound_units_ == 0 && since_first_unit > kSoundComesWithin);
  const bool seen = picture_units_ == 0
                        ? since_first_unit > kSoundComesWithin
                        : key_ && picture_units_ >= kEnoughPictures &&
                              (facts_.picture->key_distance_seconds || since_first_unit > kKeysComeWithin);
  return begun() && heard && seen;
}

SourceFacts SourceLook::finish() && {
  if (picture_units_ == 0) facts_.picture.reset();
  if (sound_units_ == 0) facts_.sound.reset();
  if (auto& picture = facts_.picture) {
    const auto span = last_picture_ - *first_picture_;
    if (picture->pictures_per_second <= 0 && picture_units_ >= kEnoughPictures && span > Nanoseconds(0))
      picture->pictures_per_second = static_cast<double>(picture_units_ - 1) / seconds_of(span);
    auto decoder = media::KeyPictures::open(*picture_parameters_);
    auto jpeg = decoder && key_ ? decoder->jpeg(key_->data, kSnapshotWidth)
                                : Result<Bytes>(fail(ErrorKind::kCorrupted, "no decoder"));
    if (jpeg) {
      picture->jpeg = std::move(*jpeg);
    } else {
      facts_.problems.emplace_back("The picture comes but cannot be decoded.");
    }
    if (picture->key_distance_seconds.value_or(0) > kLongestKeyDistance_s && facts_.problems.empty())
      facts_.problems.push_back(
          fmt::format("A key picture comes only every {:.1f} s; set the camera's I-frame interval "
                      "to 1 s.",
                      *picture->key_distance_seconds));
  }
  if (const auto& sound = facts_.sound) {
    if (sound->rms_dbfs < kTooQuiet_dbfs)
      facts_.problems.push_back(
          fmt::format("No sound comes in ({:.0f} dBFS): the microphone is off, muted or not "
                      "plugged in.",
                      sound->rms_dbfs));
    if (watch_ && watch_->clipped_blocks() >= kTooLoudBlocks)
      facts_.problems.emplace_back("The sound is too loud; turn the microphone down.");
  }
  if (!lost_.empty()) facts_.problems.insert(facts_.problems.begin(), lost_);
  return std::move(facts_);
}

}  // namespace shilu::monitor
