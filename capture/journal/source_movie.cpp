#include "capture/journal/source_movie.h"

#include <fmt/format.h>

#include <algorithm>

#include "capture/journal/fragment_heads.h"

namespace shilu::journal {
namespace {

constexpr std::int64_t kNsPerMs = 1'000'000;

// Epochs of a track in a row whose headers are the same bytes: one set of codec parameters, one time line.
struct Stretch {
  std::span<const TrackEpoch> epochs;
  struct Place {
    std::size_t epoch = 0;     // in `epochs`
    std::uint64_t record = 0;  // position in the list of records
  };
  std::vector<Place> fragments;
};

std::vector<Stretch> stretches_of(const std::vector<StoredRecord>& records, const RecordIndex& index,
                                  const TrackView& track) {
  const auto is_there = [&](std::uint64_t record) {
    return !index.redacted(track.name, std::get<FragmentRecord>(records[record].record).sequence);
  };
  std::vector<Stretch> stretches;
  const std::span<const TrackEpoch> all(track.epochs);
  for (std::size_t begin = 0; begin < all.size();) {
    auto end = begin + 1;
    while (end < all.size() && all[end].event.header_sha256 == all[begin].event.header_sha256) ++end;
    Stretch stretch{all.subspan(begin, end - begin), {}};
    for (std::size_t e = 0; e < stretch.epochs.size(); ++e) {
      for (const auto record : stretch.epochs[e].fragments) {
        if (is_there(record)) stretch.fragments.push_back({e, record});
      }
    }
    if (!stretch.fragments.empty()) stretches.push_back(std::move(stretch));  // else all of it was deleted
    begin = end;
  }
  std::erase_if(stretches, [](const Stretch& stretch) { return stretch.fragments.empty(); });
  return stretches;
}

// Reads what a movie needs of one stretch.
class StretchReader {
 public:
  StretchReader(const std::vector<StoredRecord>& records, const Stretch& stretch, TimeRange range)
      : records_(records), stretch_(stretch), range_(range) {
    const auto timescale = stretch.epochs.front().event.timescale;
    in_ = ticks_from_ns(range.from.ns, timescale);
    out_ = ticks_from_ns(range.to.ns, timescale);
    files_.resize(stretch.epochs.size());
  }

  // What of the stretch the movie takes; MovieFragment::source is the fragment's place in the stretch for
  // now.
  Result<std::vector<bmff::MovieFragment>> select(const CodecParameters& parameters) {
    auto begin = first_candidate();
    SHILU_TRY(auto heads, read(begin));
    if (begin > 0 && !opens_at_in(heads)) {
      SHILU_TRY(heads, read(0));
    }
    return bmff::select_fragments(heads, parameters, range_);
  }

  Result<CodecParameters> parameters() {
    SHILU_TRY(auto* file, file_of(0));
    return file->parameters();
  }

  // The whole millisecond in which the first sample is presented: where a movie is cut in front of it.
  Result<LessonTime> begins() {
    SHILU_TRY(auto* file, file_of(stretch_.fragments.front().epoch));
    SHILU_TRY(const auto head, file->head(record(0)));
    const auto ticks = head.decode_ticks + head.samples.front().composition_offset;
    const auto ns = ns_from_ticks(ticks, stretch_.epochs.front().event.timescale);
    return LessonTime::from_ms(ns / kNsPerMs - (ns % kNsPerMs < 0 ? 1 : 0));
  }

  const FragmentRecord& record(std::size_t place) const {
    return std::get<FragmentRecord>(records_[stretch_.fragments[place].record].record);
  }

 private:
  bool is_video() const { return kind_of(stretch_.epochs.front().event) == MediaKind::kVideo; }

  // Two key fragments (of sound: two fragments) back from the in-point, by the journal alone: enough but for
  // streams whose pictures are shown later than a whole group, which opens_at_in notices.
  std::size_t first_candidate() const {
    std::size_t back = 0;
    std::size_t last = 0;
    for (std::size_t i = 0; i < stretch_.fragments.size() && record(i).start_ticks <= in_; ++i) {
      if (is_video() && (record(i).flags & kKey) == 0) continue;
      back = last;
      last = i;
    }
    return back;
  }

  bool opens_at_in(const std::vector<bmff::MovieFragment>& heads) const {
    if (heads.empty()) return false;
    const auto& first = heads.front().index;
    return first.samples.front().sync && first.decode_ticks + first.samples.front().composition_offset <= in_;
  }

  // The heads from `begin` to the out-point.
  Result<std::vector<bmff::MovieFragment>> read(std::size_t begin) {
    std::vector<bmff::MovieFragment> heads;
    for (auto i = begin; i < stretch_.fragments.size() && record(i).start_ticks < out_; ++i) {
      SHILU_TRY(auto* file, file_of(stretch_.fragments[i].epoch));
      SHILU_TRY(auto index, file->head(record(i)));
      heads.push_back({std::move(index), static_cast<std::uint32_t>(i), record(i).offset});
    }
    return heads;
  }

  Result<EpochFile*> file_of(std::size_t epoch) {
    auto& slot = files_[epoch];
    if (!slot) {
      SHILU_TRY(auto file, EpochFile::open(stretch_.epochs[epoch]));
      slot = std::move(file);
    }
    return &*slot;
  }

  const std::vector<StoredRecord>& records_;
  const Stretch& stretch_;
  TimeRange range_;
  std::int64_t in_ = 0;
  std::int64_t out_ = 0;
  std::vector<std::optional<EpochFile>> files_;
};

class MovieMaker {
 public:
  MovieMaker(const std::vector<StoredRecord>& records, const RecordIndex& index, TimeRange range)
      : records_(records), index_(index), range_(range) {}

  Status add(const TrackView& track) {
    bmff::MovieTrack out{track.number, {}, {}};
    const auto stretches = stretches_of(records_, index_, track);
    for (std::size_t i = 0; i < stretches.size(); ++i) {
      SHILU_TRY(const bool over, i + 1 < stretches.size() ? is_over_before(stretches[i + 1]) : false);
      if (!over) SHILU_CHECK(add_stretch(track, stretches[i], out));
    }
    if (!out.fragments.empty()) tracks_.push_back(std::move(out));
    return {};
  }

  Result<LessonFolder::SourceMovie> finish() {
    SHILU_TRY(result_.movie, bmff::build_movie(tracks_, range_));
    result_.range = range_;
    std::sort(result_.leaves.begin(), result_.leaves.end());
    result_.leaves.erase(std::unique(result_.leaves.begin(), result_.leaves.end()), result_.leaves.end());
    return std::move(result_);
  }

 private:
  // What is followed by other parameters at or before the in-point is over, even if a sound frame of it
  // reaches into the same millisecond.
  Result<bool> is_over_before(const Stretch& next) const {
    SHILU_TRY(const LessonTime begins, StretchReader(records_, next, range_).begins());
    return begins <= range_.from;
  }

  Status add_stretch(const TrackView& track, const Stretch& stretch, bmff::MovieTrack& out) {
    StretchReader reader(records_, stretch, range_);
    SHILU_TRY(const auto parameters, reader.parameters());
    SHILU_TRY(auto chosen, reader.select(parameters));
    if (chosen.empty()) return {};
    if (!out.fragments.empty()) {
      const LessonTime at{ns_from_ticks(chosen.front().index.decode_ticks, parameters.timescale)};
      return fail(
          ErrorKind::kFailedPrecondition,
          fmt::format(
              "the picture or sound format of {} changes at {:.3f} s; ask for the parts before and after",
              track.name, at.seconds()));
    }
    out.parameters = parameters;
    for (auto& fragment : chosen) place(stretch, fragment);
    out.fragments = std::move(chosen);
    return {};
  }

  // Turns a place in the stretch into a file, and notes the leaves that prove it.
  void place(const Stretch& stretch, bmff::MovieFragment& fragment) {
    const auto& where = stretch.fragments[fragment.source];
    const auto& epoch = stretch.epochs[where.epoch];
    result_.leaves.push_back(records_[where.record].leaf);
    result_.leaves.push_back(epoch.leaf);
    if (result_.files.empty() || result_.files.back() != epoch.file) result_.files.push_back(epoch.file);
    fragment.source = static_cast<std::uint32_t>(result_.files.size() - 1);
  }

  const std::vector<StoredRecord>& records_;
  const RecordIndex& index_;
  TimeRange range_;
  std::vector<bmff::MovieTrack> tracks_;
  LessonFolder::SourceMovie result_;
};

Result<std::vector<const TrackView*>> tracks_of(const std::vector<TrackView>& tracks,
                                                std::string_view source) {
  std::vector<const TrackView*> found;
  for (const auto& track : tracks) {
    SHILU_TRY(const auto name, parse_track_name(track.name));
    if (name.source == source) found.push_back(&track);
  }
  if (found.empty())
    return fail(ErrorKind::kNotFound, fmt::format("the lesson has no source \"{}\"", source));
  return found;
}

// Where inside `range` the parameters of a track change, each once, ascending.
Result<std::vector<LessonTime>> changes_inside(const std::vector<StoredRecord>& records,
                                               const RecordIndex& index,
                                               const std::vector<const TrackView*>& tracks, TimeRange range) {
  std::vector<LessonTime> changes;
  for (const auto* track : tracks) {
    const auto stretches = stretches_of(records, index, *track);
    for (std::size_t i = 1; i < stretches.size(); ++i) {
      SHILU_TRY(const LessonTime at, StretchReader(records, stretches[i], range).begins());
      if (at > range.from && at < range.to) changes.push_back(at);
    }
  }
  std::sort(changes.begin(), changes.end());
  changes.erase(std::unique(changes.begin(), changes.end()), changes.end());
  return changes;
}

}  // namespace

Result<LessonFolder::SourceMovie> make_source_movie(const std::vector<StoredRecord>& records,
                                                    const RecordIndex& index, std::string_view source,
                                                    TimeRange range) {
  SHILU_TRY(const auto of_source, tracks_of(index.tracks(), source));
  MovieMaker maker(records, index, range);
  for (const auto* track : of_source) SHILU_CHECK(maker.add(*track));
  return maker.finish();
}

Result<std::vector<LessonFolder::SourceMovie>> make_source_movies(const std::vector<StoredRecord>& records,
                                                                  const RecordIndex& index,
                                                                  std::string_view source, TimeRange range) {
  SHILU_TRY(const auto of_source, tracks_of(index.tracks(), source));
  SHILU_TRY(auto borders, changes_inside(records, index, of_source, range));
  borders.push_back(range.to);
  std::vector<LessonFolder::SourceMovie> parts;
  LessonTime from = range.from;
  for (const LessonTime to : borders) {
    auto part = make_source_movie(records, index, source, {from, to});
    // Nothing was recorded there: the next part begins with the gap. Behind the last change there is always
    // something.
    if (!part && part.error().kind == ErrorKind::kInvalidArgument && to != range.to) continue;
    if (!part) return fail(part.error());
    parts.push_back(std::move(*part));
    from = to;
  }
  return parts;
}

Result<std::vector<TimeRange>> source_parts(const std::vector<StoredRecord>& records,
                                            const RecordIndex& index, std::string_view source,
                                            TimeRange range) {
  SHILU_TRY(const auto of_source, tracks_of(index.tracks(), source));
  SHILU_TRY(const auto borders, changes_inside(records, index, of_source, range));
  if (borders.empty()) return std::vector{range};
  SHILU_TRY(const auto movies, make_source_movies(records, index, source, range));
  std::vector<TimeRange> ranges;
  for (const auto& movie : movies) ranges.push_back(movie.range);
  return ranges;
}

}  // namespace shilu::journal
