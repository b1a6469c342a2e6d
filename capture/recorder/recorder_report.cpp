// What the recorder tells of itself, and whether a disk has room for a lesson.

#include <fmt/format.h>

#include <algorithm>

#include "capture/recorder/recorder_session.h"

namespace shilu::recorder {
namespace {

using std::filesystem::path;

constexpr Nanoseconds kProvenWithin = std::chrono::seconds(5);
constexpr std::uint64_t kUsualBytesPerSecond =
    550'000;  // of one source: 4 Mbit/s of picture, 128 kbit/s of sound
constexpr std::int64_t kMeasuredAfterMs = 10'000;
constexpr std::int64_t kNsPerMs = 1'000'000;
constexpr Nanoseconds kDroppedLately = std::chrono::seconds(10);
constexpr Nanoseconds kHeldTooLong = std::chrono::seconds(4);  // a tick is 1 s: shown within 5 s
constexpr Nanoseconds kMeasurable = std::chrono::seconds(5);

// The nearest directory above `where` that exists.
path existing(const FileSystem& files, path where) {
  auto& disk = const_cast<FileSystem&>(files);
  while (!where.empty() && where.has_relative_path() && !disk.exists(where)) where = where.parent_path();
  return where.empty() ? path(".") : where;
}

void fill_track(TrackStatus& status, const TrackReport& report, MonotonicTime now) {
  const auto& state = report.state;
  if (!state.codec.empty()) status.codec = state.codec;
  if (state.width > 0) status.width = state.width;
  if (state.height > 0) status.height = state.height;
  if (status.fps <= 0) status.fps = state.rate;
  status.durable_ms = std::max<std::int64_t>(report.proven_until.ms(), 0);
  status.bytes = state.counters.bytes;
  status.fragments = state.counters.fragments;
  status.gaps = state.counters.gaps;
  status.received = state.counters.received;
  status.expected = state.counters.expected;
  status.dropped = state.counters.dropped;
  if (report.dropped_at.ns > 0 && now - report.dropped_at < kDroppedLately) status.trouble = "dropping";
  if (report.no_room) status.trouble = "no-room";
}

void fill_tracks(SourceStatus& source, const std::vector<TrackReport>& reports, MonotonicTime now) {
  for (const auto& report : reports) {
    const auto parts = parse_track_name(report.state.name);
    if (!parts || parts->source != source.name) continue;
    const auto same = [&](const TrackStatus& track) { return track.name == report.state.name; };
    auto found = std::find_if(source.tracks.begin(), source.tracks.end(), same);
    if (found == source.tracks.end()) {
      found = source.tracks.emplace(found);
      found->name = report.state.name;
    }
    fill_track(*found, report, now);
  }
}

bool is_picture(const TrackStatus& track) {
  const auto parts = parse_track_name(track.name);
  return parts && parts->kind == MediaKind::kVideo;
}

// Until when every live track is on disk; with none alive, until when anything is.
std::int64_t durable_ms(const std::vector<SourceStatus>& sources) {
  std::optional<std::int64_t> least;
  std::int64_t most = 0;
  for (const auto& source : sources) {
    for (const auto& track : source.tracks) {
      most = std::max(most, track.durable_ms);
      const bool live = source.state == "live" && !(source.picture_missing && is_picture(track));
      if (live) least = std::min(least.value_or(track.durable_ms), track.durable_ms);
    }
  }
  return least.value_or(most);
}

bool proven(const SourceStatus& source, const std::vector<TrackReport>& reports, MonotonicTime now) {
  if (!source.required) return true;
  if (source.tracks.empty() || source.picture_missing) return false;
  return std::all_of(source.tracks.begin(), source.tracks.end(), [&](const TrackStatus& track) {
    return std::any_of(reports.begin(), reports.end(), [&](const TrackReport& report) {
      return report.state.name == track.name && report.durable_at.ns > 0 &&
             now - report.durable_at < kProvenWithin;
    });
  });
}

}  // namespace

// What the sources send, where enough of it was kept to tell; else what is usual.
std::uint64_t Recorder::bytes_per_second() const {
  std::uint64_t total = 0;
  for (const auto& input : inputs_) {
    const auto kept = input->pre_roll();
    const auto ms = static_cast<std::uint64_t>(kept.length / std::chrono::milliseconds(1));
    total += kept.length > kMeasurable ? kept.bytes * 1000 / ms : kUsualBytesPerSecond;
  }
  return std::max<std::uint64_t>(total, 1);
}

Status Recorder::check_space(const path& where, std::optional<std::int64_t> planned_ms) const {
  SHILU_TRY(const auto left, files_.free_bytes(existing(files_, where)));
  const auto seconds = static_cast<std::uint64_t>(std::max<std::int64_t>(planned_ms.value_or(0), 0)) / 1000;
  // A fifth more than usual, as pictures with much movement take.
  const auto lesson = seconds * bytes_per_second() * 6 / 5;
  const auto needed = settings_.reserve_bytes + lesson;
  if (left >= needed) return {};
  return fail(ErrorKind::kStorageFull,
              fmt::format("There is not enough room for a lesson: {} MB are free, {} MB are needed.",
                          left / 1'000'000, needed / 1'000'000));
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
    fill_tracks(source, reports, now);
    out.recording_proven = out.recording_proven && proven(source, reports, now);
  }
  for (const auto& report : reports) {
    out.bytes += report.state.counters.bytes;
    out.gaps += report.state.counters.gaps;
  }
  out.durable_ms = std::min(durable_ms(status.sources), out.elapsed_ms);
  out.durable_lag_ms = out.elapsed_ms - out.durable_ms;
  out.marks = lesson.mark_count();
  out.planned_ms = lesson.planned_ms();
  status.state = "recording";
  if (const auto away = lesson.away()) {
    status.state = away->why == Away::Why::kPrivate ? "private" : "stopping";
    out.away_since_ms = away->since.ms();
    out.recording_proven = false;
    out.elapsed_ms = away->why == Away::Why::kStopping ? away->since.ms() : out.elapsed_ms;
    out.durable_lag_ms = 0;
    const std::lock_guard lock(mutex_);
    if (running.closes_at.ns > 0)
      out.closes_in_ms = std::max<std::int64_t>((running.closes_at - now).count() / kNsPerMs, 0);
  }
  status.lesson = std::move(out);
  fill_fault(status, running, reports);
}

// What keeps bytes from becoming durable. An operation that hangs tells nothing, but what it keeps waiting
// does.
void Recorder::fill_fault(RecorderStatus& status, const Session& running,
                          const std::vector<TrackReport>& reports) const {
  if (auto fault = running.threads.fault(); !fault.empty()) {
    status.fault = std::move(fault);
    status.fault_code = "disk";
    return;
  }
  const auto now = clock_.monotonic();
  const auto waits = [&](const TrackReport& report) {
    return report.held_since.ns > 0 && now - report.held_since > kHeldTooLong;
  };
  if (std::none_of(reports.begin(), reports.end(), waits)) return;
  status.fault = "The disk does not take the recording; what was recorded is kept in memory until it does.";
  status.fault_code = "not-durable";
}

void Recorder::fill_disk(RecorderStatus& status) const {
  const auto where = status.lesson ? path(status.lesson->directory) : settings_.lessons_directory;
  status.free_bytes = files_.free_bytes(existing(files_, where)).value_or(0);
  auto per_second = bytes_per_second();
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
    if (!fault_.empty()) status.fault_code = "closing";
    status.armed = armed_;
  }
  for (const auto& input : inputs_) {
    status.pre_roll_ms =
        std::max<std::int64_t>(status.pre_roll_ms, input->pre_roll().length.count() / kNsPerMs);
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
