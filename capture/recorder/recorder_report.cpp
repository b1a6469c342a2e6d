// What the recorder tells of itself, and whether a disk has room for a lesson.

#include <fmt/format.h>

#include <algorithm>

#include "capture/recorder/recorder_session.h"

namespace shilu::recorder {
namespace {

using std::filesystem::path;

constexpr Nanoseconds kProvenWithin = std::chrono::seconds(5);
constexpr std::uint64_t kUsualBytesPerSecond = 550'000;  // of one source: 4 Mbit/s of picture, 128 kbit/s of sound
constexpr std::int64_t kMeasuredAfterMs = 10'000;

// The nearest directory above `where` that exists.
path existing(const FileSystem& files, path where) {
  auto& disk = const_cast<FileSystem&>(files);
  while (!where.empty() && where.has_relative_path() && !disk.exists(where)) where = where.parent_path();
  return where.empty() ? path(".") : where;
}

void fill_track(TrackStatus& status, const TrackReport& report) {
  const auto& state = report.state;
  if (!state.codec.empty()) status.codec = state.codec;
  if (state.width > 0) status.width = state.width;
  if (state.height > 0) status.height = state.height;
  if (status.fps <= 0) status.fps = state.rate;
  status.durable_ms = std::max<std::int64_t>(state.durable_until.ms(), 0);
  status.bytes = state.counters.bytes;
  status.fragments = state.counters.fragments;
  status.gaps = state.counters.gaps;
  status.received = state.counters.received;
  status.expected = state.counters.expected;
}

void fill_tracks(SourceStatus& source, const std::vector<TrackReport>& reports) {
  for (const auto& report : reports) {
    const auto parts = parse_track_name(report.state.name);
    if (!parts || parts->source != source.name) continue;
    const auto same = [&](const TrackStatus& track) { return track.name == report.state.name; };
    auto found = std::find_if(source.tracks.begin(), source.tracks.end(), same);
    if (found == source.tracks.end()) {
      found = source.tracks.emplace(found);
      found->name = report.state.name;
    }
    fill_track(*found, report);
  }
}

// Until when every live track is on disk; with none alive, until when anything is.
std::int64_t durable_ms(const std::vector<SourceStatus>& sources) {
  std::optional<std::int64_t> least;
  std::int64_t most = 0;
  for (const auto& source : sources) {
    for (const auto& track : source.tracks) {
      most = std::max(most, track.durable_ms);
      if (source.state == "live") least = std::min(least.value_or(track.durable_ms), track.durable_ms);
    }
  }
  return least.value_or(most);
}

bool proven(const SourceStatus& source, const std::vector<TrackReport>& reports, MonotonicTime now) {
  if (!source.required) return true;
  if (source.tracks.empty()) return false;
  return std::all_of(source.tracks.begin(), source.tracks.end(), [&](const TrackStatus& track) {
    return std::any_of(reports.begin(), reports.end(), [&](const TrackReport& report) {
      return report.state.name == track.name && report.durable_at.ns > 0 && now - report.durable_at < kProvenWithin;
    });
  });
}

}  // namespace

Status Recorder::check_space(const path& where, std::optional<std::int64_t> planned_ms) const {
  SHILU_TRY(const auto left, files_.free_bytes(existing(files_, where)));
  const auto seconds = static_cast<std::uint64_t>(std::max<std::int64_t>(planned_ms.value_or(0), 0)) / 1000;
  // A fifth more than usual, as pictures with much movement take.
  const auto lesson = seconds * kUsualBytesPerSecond * settings_.sources.size() * 6 / 5;
  const auto needed = settings_.reserve_bytes + lesson;
  if (left >= needed) return {};
  return fail(ErrorKind::kStorageFull,
              fmt::format("There is not enough room for a lesson: {} MB are free, {} MB are needed.", left / 1'000'000,
                          needed / 1'000'000));
}

void Recorder::fill_lesson(RecorderStatus& status, const Session& running) const {
  const auto& lesson = *running.lesson;
  const auto reports = lesson.writer().tracks();
  const auto now = clock_.monotonic();
  LessonStatus out;
  out.id = lesson.info().lesson_id;
  out.directory = lesson.directory();
  out.started_utc = to_rfc3339(lesson.info().start_wall);
  out.elapsed_ms = std::max<std::int64_t>(lesson.now().ms(), 0);
  out.recording_proven = true;
  for (auto& source : status.sources) {
    fill_tracks(source, reports);
    out.recording_proven = out.recording_proven && proven(source, reports, now);
  }
  for (const auto& report : reports) {
    out.bytes += report.state.counters.bytes;
    out.gaps += report.state.counters.gaps;
  }
  out.durable_ms = std::min(durable_ms(status.sources), out.elapsed_ms);
  out.durable_lag_ms = out.elapsed_ms - out.durable_ms;
  out.marks = lesson.mark_count();
  status.lesson = std::move(out);
  status.state = "recording";
  status.fault = running.threads.fault();
}

void Recorder::fill_disk(RecorderStatus& status) const {
  const auto where = status.lesson ? path(status.lesson->directory) : settings_.lessons_directory;
  status.free_bytes = files_.free_bytes(existing(files_, where)).value_or(0);
  auto per_second = kUsualBytesPerSecond * std::max<std::uint64_t>(settings_.sources.size(), 1);
  if (status.lesson && status.lesson->elapsed_ms > kMeasuredAfterMs && status.lesson->bytes > 0) {
    per_second = std::max<std::uint64_t>(
        status.lesson->bytes * 1000 / static_cast<std::uint64_t>(status.lesson->elapsed_ms), 1);
  }
  status.minutes_left = static_cast<std::int64_t>(status.free_bytes / per_second / 60);
}

RecorderStatus Recorder::status() const {
  RecorderStatus status;
  for (const auto& input : inputs_) status.sources.push_back(input->status());
  {
    const std::lock_guard lock(mutex_);
    status.fault = fault_;
  }
  if (const auto running = session()) fill_lesson(status, *running);
  if (!status.fault.empty()) status.state = "fault";
  fill_disk(status);
  const auto quality = clock_.quality();
  status.clock_synchronised = quality.synchronised;
  status.clock_error_ms = quality.error_ms;
  return status;
}

}  // namespace shilu::recorder
