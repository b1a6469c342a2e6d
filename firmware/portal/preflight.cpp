#include "firmware/portal/preflight.h"

#include <algorithm>

#include "firmware/base/json_io.h"
#include "firmware/lesson/track.h"

namespace shilu::portal {
namespace {

constexpr std::int64_t kFewMinutes = 60;
constexpr std::int64_t kNoMinutes = 2;

// "block": a lesson cannot begin. "warn": it can, and a sentence says what to know.
enum class Tone { kOk, kWarn, kBlock };

std::string_view to_string(Tone tone) {
  switch (tone) {
    case Tone::kOk:
      return "ok";
    case Tone::kWarn:
      return "warn";
    case Tone::kBlock:
      return "block";
  }
  return "block";
}

bool has_track(const recorder::SourceStatus& source, MediaKind kind) {
  return std::any_of(source.tracks.begin(), source.tracks.end(), [&](const recorder::TrackStatus& track) {
    const auto name = parse_track_name(track.name);
    return name && name->kind == kind;
  });
}

bool gives_picture(const recorder::SourceStatus& source) {
  return source.state == "live" && has_track(source, MediaKind::kVideo) && !source.picture_missing;
}

struct Sources {
  std::size_t all = 0;  // that should give pictures
  std::size_t pictures = 0;
  std::size_t sounds = 0;
};

Sources count(const recorder::RecorderStatus& status) {
  Sources sources;
  for (const auto& source : status.sources) {
    const bool live = source.state == "live";
    const bool microphone = !has_track(source, MediaKind::kVideo) && has_track(source, MediaKind::kAudio) &&
                            !source.picture_missing;
    sources.all += !microphone;
    sources.pictures += gives_picture(source);
    sources.sounds += live && has_track(source, MediaKind::kAudio);
  }
  return sources;
}

Tone picture_tone(const Sources& sources) {
  if (sources.pictures == 0) return Tone::kBlock;
  return sources.pictures < sources.all ? Tone::kWarn : Tone::kOk;
}

Tone disk_tone(std::int64_t minutes_left) {
  if (minutes_left <= kNoMinutes) return Tone::kBlock;
  return minutes_left < kFewMinutes ? Tone::kWarn : Tone::kOk;
}

Json sources_json(const recorder::RecorderStatus& status) {
  Json list = Json::array();
  for (const auto& source : status.sources) {
    const bool live = source.state == "live";
    list.push_back({{"name", source.name},
                    {"state", source.state},
                    {"code", source.code},
                    {"detail", source.detail},
                    {"picture", gives_picture(source)},
                    {"sound", live && has_track(source, MediaKind::kAudio)}});
  }
  return list;
}

}  // namespace

Json preflight_json(const sender::Outbox* outbox, const std::optional<recorder::RecorderStatus>& status) {
  const recorder::RecorderStatus nothing;
  const auto& known = status ? *status : nothing;
  const auto sources = count(known);
  Json lamps = Json::array();
  const auto lamp = [&](std::string_view id, Tone tone) {
    lamps.push_back({{"id", id}, {"tone", to_string(tone)}});
  };
  const auto picture = picture_tone(sources);
  const auto disk = disk_tone(known.minutes_left);
  lamp("picture", picture);
  lamp("sound", sources.sounds > 0 ? Tone::kOk : Tone::kWarn);
  lamp("disk", disk);
  lamp("clock", known.clock_synchronised ? Tone::kOk : Tone::kWarn);
  const auto line = outbox != nullptr ? outbox->line() : sender::LineStatus();
  const bool reachable =
      line.link == sender::LineStatus::Link::kOk || line.link == sender::LineStatus::Link::kWaiting;
  lamp("upload", reachable ? Tone::kOk : Tone::kWarn);
  return {{"can_start", status && picture != Tone::kBlock && disk != Tone::kBlock},
          {"lamps", std::move(lamps)},
          {"sources", sources_json(known)},
          {"disk", {{"free_bytes", known.free_bytes}, {"minutes_left", known.minutes_left}}},
          {"clock", {{"synchronised", known.clock_synchronised}, {"error_ms", known.clock_error_ms}}},
          {"pre_roll", {{"armed", known.armed}, {"kept_ms", known.pre_roll_ms}}}};
}

}  // namespace shilu::portal
