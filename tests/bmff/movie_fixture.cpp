#include "tests/bmff/movie_fixture.h"

#include <fmt/format.h>

#include <stdexcept>

#include "capture/bmff/fragment_writer.h"
#include "firmware/base/file_system.h"

namespace shilu::test {
namespace {

template <typename T>
T must(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().message);
  return std::move(*result);
}

// Sample by sample: does a fragment end before this one?
class Grouping {
 public:
  Grouping(const MediaTrack& media, const TrackPlan& plan, std::int64_t shift)
      : media_(media), plan_(plan), shift_(shift) {}

  std::vector<std::vector<bmff::Sample>> run() {
    for (std::size_t i = 0; i < media_.samples.size(); ++i) {
      if (ends_before(i)) flush();
      group_.push_back(media_.samples[i].at(shift_));
      broken_ = broken_ || in_hole(i);
    }
    flush();
    return std::move(groups_);
  }

 private:
  bool is_sound() const { return media_.parameters.codec == Codec::kAac; }

  bool in_hole(std::size_t i) const {
    const auto from = ns_from_ticks(media_.samples[i].decode + shift_, media_.parameters.timescale);
    const auto to = from + ns_from_ticks(media_.samples[i].duration, media_.parameters.timescale);
    for (const auto& [begin, end] : plan_.holes_ms) {
      if (begin * 1'000'000 < to && from < end * 1'000'000) return true;
    }
    return false;
  }

  bool ends_before(std::size_t i) const {
    if (group_.empty()) return false;
    if (is_sound() && in_hole(i) != broken_) return true;
    if (plan_.samples_per_fragment > 0)
      return media_.samples[i].sync || group_.size() >= plan_.samples_per_fragment;
    if (!is_sound()) return media_.samples[i].sync;
    return media_.samples[i].decode + shift_ - group_.front().decode_ticks >= media_.parameters.timescale;
  }

  void flush() {
    if (!group_.empty() && !broken_) groups_.push_back(group_);
    group_.clear();
    broken_ = false;
  }

  const MediaTrack& media_;
  const TrackPlan& plan_;
  std::int64_t shift_;
  std::vector<bmff::Sample> group_;
  bool broken_ = false;  // it touches a hole
  std::vector<std::vector<bmff::Sample>> groups_;
};

}  // namespace

TimeRange TrackFile::span() const {
  const auto& last = fragments.back().index;
  const auto end = last.decode_ticks + static_cast<std::int64_t>(last.duration_ticks());
  return {LessonTime{ns_from_ticks(fragments.front().index.decode_ticks, parameters.timescale)},
          LessonTime{ns_from_ticks(end, parameters.timescale)}};
}

TrackFile make_track_file(const MediaTrack& media, const TrackPlan& plan) {
  TrackFile file{media.parameters, must(bmff::track_header(media.parameters)), {}};
  const auto timescale = media.parameters.timescale;
  auto sequence = plan.first_sequence;
  for (const auto& group :
       Grouping(media, plan, ticks_from_ns(plan.starts_ms * 1'000'000, timescale)).run()) {
    const auto built = bmff::build_fragment(media.parameters, sequence++, group);
    file.fragments.push_back({must(bmff::parse_fragment(built.bytes, timescale)), 0, file.bytes.size()});
    put_bytes(file.bytes, built.bytes);
  }
  return file;
}

std::filesystem::path MovieBench::write_track(std::size_t number) const {
  const auto where = directory_ / fmt::format("track{}.mp4", number);
  if (const auto done = write_file_atomic(where, tracks_.at(number).bytes); !done)
    throw std::runtime_error("no space");
  return where;
}

std::vector<bmff::MovieTrack> MovieBench::select(TimeRange range) const {
  std::vector<bmff::MovieTrack> chosen;
  for (std::size_t i = 0; i < tracks_.size(); ++i) {
    auto fragments = bmff::select_fragments(tracks_[i].fragments, tracks_[i].parameters, range);
    for (auto& fragment : fragments) fragment.source = static_cast<std::uint32_t>(i);
    chosen.push_back({static_cast<std::uint16_t>(i), tracks_[i].parameters, std::move(fragments)});
  }
  return chosen;
}

bmff::Movie MovieBench::movie(TimeRange range) const {
  return must(bmff::build_movie(select(range), range));
}

Bytes MovieBench::movie_bytes(const bmff::Movie& movie) const {
  auto bytes = movie.header;
  for (const auto& extent : movie.extents) {
    const auto& from = extent.source == bmff::kFillSource ? movie.fill : tracks_.at(extent.source).bytes;
    put_bytes(bytes, ByteView(from).subspan(extent.offset, extent.size));
  }
  if (bytes.size() != movie.size_bytes) throw std::runtime_error("size_bytes is not the size");
  return bytes;
}

std::filesystem::path MovieBench::write_movie(const bmff::Movie& movie) const {
  const auto where = directory_ / "movie.mp4";
  if (const auto done = write_file_atomic(where, movie_bytes(movie)); !done)
    throw std::runtime_error("no space");
  return where;
}

std::filesystem::path MovieBench::write_movie(TimeRange range) const {
  return write_movie(movie(range));
}

}  // namespace shilu::test
