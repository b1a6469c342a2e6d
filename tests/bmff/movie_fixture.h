#pragma once
// Track files made of real samples, and movies cut from them, written to disk for ffmpeg and ffprobe to
// judge.

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "capture/bmff/movie.h"
#include "tests/base/temporary_directory.h"
#include "tests/bmff/media_fixture.h"

namespace shilu::test {

// One track file: header, then one fragment after the other.
struct TrackFile {
  CodecParameters parameters;
  Bytes bytes;
  std::vector<bmff::MovieFragment> fragments;  // as parse_fragment reads them back

  TimeRange span() const;  // decode times
};

struct TrackPlan {
  std::int64_t starts_ms = 0;                                     // lesson time of the media's beginning
  std::vector<std::pair<std::int64_t, std::int64_t>> holes_ms{};  // what touches one is not there
  std::uint32_t first_sequence = 0;
  std::size_t samples_per_fragment = 0;  // 0: whole groups of pictures, or a second of sound
};
TrackFile make_track_file(const MediaTrack& media, const TrackPlan& plan = {});

// Writes track files and movies under a directory of its own.
class MovieBench {
 public:
  // Tracks get the numbers 0, 1, ...
  void add(TrackFile track) { tracks_.push_back(std::move(track)); }
  void add(const MediaTrack& media, const TrackPlan& plan = {}) { add(make_track_file(media, plan)); }

  const std::vector<TrackFile>& tracks() const { return tracks_; }
  std::filesystem::path write_track(std::size_t number) const;
  std::vector<bmff::MovieTrack> select(TimeRange range) const;
  bmff::Movie movie(TimeRange range) const;
  std::filesystem::path write_movie(TimeRange range) const;
  std::filesystem::path write_movie(const bmff::Movie& movie) const;
  Bytes movie_bytes(const bmff::Movie& movie) const;

 private:
  TemporaryDirectory directory_;
  std::vector<TrackFile> tracks_;
};

inline TimeRange range_ms(std::int64_t from, std::int64_t to) {
  return {LessonTime::from_ms(from), LessonTime::from_ms(to)};
}

}  // namespace shilu::test
