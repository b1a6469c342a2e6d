#include "upload/evidence/clip_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <span>

#include "capture/bmff/fragment_writer.h"
#include "capture/bmff/movie_check.h"
#include "upload/evidence/declared_gaps.h"
#include "upload/evidence/limits.h"

namespace shilu::evidence {
namespace {

// A moof of 2 s is at most a few kilobytes.
constexpr std::uint64_t kMaxMoof = 1u << 20;
constexpr std::size_t kUsualMoof = 4096;
constexpr Nanoseconds kSmallestTolerance = std::chrono::milliseconds(1);
constexpr Nanoseconds kLargestTolerance = std::chrono::seconds(1);
// Pictures are shown up to this much later than they are decoded; gaps are told in decode time.
constexpr Nanoseconds kReordering = std::chrono::seconds(1);
constexpr std::size_t kCompareBlock = 1u << 20;

template <typename... Args>
tl::unexpected<Error> bad(fmt::format_string<Args...> format, Args&&... args) {
  return fail(ErrorKind::kCorrupted, fmt::format(format, std::forward<Args>(args)...));
}

// What the clip holds of one track.
struct ClipTrack {
  std::uint16_t number = 0;
  const ProvenTrack* recorded = nullptr;
  std::size_t first = 0;            // place in recorded->fragments of the first one here
  std::optional<std::size_t> next;  // behind the last one here
  std::optional<Bytes> header;      // of the epochs that were used: all the same
  bmff::MovieTrack movie;

  std::uint32_t timescale() const { return movie.parameters.timescale; }
};

// Of each track, by number: the place in its recorded fragments behind the last one that a clip has shown.
using Reached = std::map<std::uint16_t, std::size_t>;

class ClipChecker {
 public:
  ClipChecker(const ProvenRecords& proven, std::string_view source, const ClipPart& part, Reached& reached)
      : proven_(proven), source_(source), range_(part.range), media_(*part.media), reached_(reached) {}

  Result<std::vector<std::string>> run() {
    SHILU_CHECK(find_tracks());
    for (const ClipMedia::Fragment& fragment : media_.fragments) SHILU_CHECK(take_fragment(fragment));
    SHILU_CHECK(check_seam());
    for (const ClipTrack& track : tracks_) SHILU_CHECK(check_times(track));
    tell_absent_tracks();
    SHILU_CHECK(check_header());
    return std::move(gaps_);
  }

 private:
  struct Place {
    Digest sha256;
    std::size_t track;     // in tracks_
    std::size_t fragment;  // in its recorded fragments
  };

  Status find_tracks() {
    for (const auto& [number, track] : proven_.tracks()) {
      SHILU_TRY(const TrackName name, parse_track_name(track.name));
      if (name.source != source_) continue;
      for (std::size_t i = 0; i < track.fragments.size(); ++i)
        places_.push_back({track.fragments[i].fragment_sha256, tracks_.size(), i});
      tracks_.push_back({number, &track, 0, std::nullopt, std::nullopt, {number, {}, {}}});
    }
    if (tracks_.empty()) return bad("nothing of a source \"{}\" was recorded", source_);
    std::sort(places_.begin(), places_.end(),
              [](const Place& a, const Place& b) { return a.sha256 < b.sha256; });
    return {};
  }

  Result<Place> find(const ClipMedia::Fragment& fragment) const {
    const auto found =
        std::lower_bound(places_.begin(), places_.end(), fragment.sha256,
                         [](const Place& place, const Digest& sha) { return place.sha256 < sha; });
    if (found == places_.end() || found->sha256 != fragment.sha256) {
      return bad("what stands at byte {} of the clip is not in the recording that the device signed",
                 fragment.offset);
    }
    return *found;
  }

  Status take_fragment(const ClipMedia::Fragment& fragment) {
    SHILU_TRY(const Place place, find(fragment));
    ClipTrack& track = tracks_[place.track];
    const journal::FragmentRecord& record = track.recorded->fragments[place.fragment];
    if (track.next && !follows(track, place.fragment, *track.next)) {
      return bad("fragment {} of {} follows fragment {}: something was cut out, put in or moved",
                 record.sequence, track.recorded->name, track.recorded->fragments[*track.next - 1].sequence);
    }
    if (!track.next) track.first = place.fragment;
    track.next = place.fragment + 1;
    SHILU_CHECK(take_epoch(track, record));
    SHILU_TRY(bmff::FragmentIndex index, read_index(track, fragment, record));
    samples_ += index.samples.size();
    if (samples_ > kMaxClipSamples)
      return bad("the clip holds more than {} pictures and sounds", kMaxClipSamples);
    track.movie.fragments.push_back({std::move(index), 0, fragment.offset});
    return {};
  }

  // Nothing lies between but what the teacher had deleted.
  bool follows(const ClipTrack& track, std::size_t place, std::size_t expected) const {
    if (place < expected) return false;
    for (std::size_t i = expected; i < place; ++i) {
      if (!proven_.deleted(*track.recorded, i)) return false;
    }
    return true;
  }

  // Between this part and those before it nothing was left out: parts may share fragments, but skip none.
  Status check_seam() {
    for (const ClipTrack& track : tracks_) {
      if (!track.next) continue;
      const auto before = reached_.find(track.number);
      if (before != reached_.end() && track.first > before->second &&
          !follows(track, track.first, before->second)) {
        return bad("{} lacks fragment {} between two parts of the clip", track.recorded->name,
                   track.recorded->fragments[before->second].sequence);
      }
      reached_[track.number] = *track.next;
    }
    return {};
  }

  // The codec parameters come from the file header that the journal hashes.
  Status take_epoch(ClipTrack& track, const journal::FragmentRecord& record) {
    const ProvenEpoch& epoch = track.recorded->epochs.at(record.epoch);
    if (!epoch.header)
      return bad("the header of {} epoch {} is not in the proof", track.recorded->name, record.epoch);
    if (!track.header) {
      SHILU_TRY(track.movie.parameters, bmff::parse_track_header(*epoch.header));
      track.header = epoch.header;
    }
    if (*track.header != *epoch.header)
      return bad("the parameters of {} change inside the clip", track.recorded->name);
    if (track.timescale() != epoch.event.timescale)
      return bad("the header of {} counts time otherwise than the journal", track.recorded->name);
    return {};
  }

  Result<bmff::FragmentIndex> read_index(const ClipTrack& track, const ClipMedia::Fragment& fragment,
                                         const journal::FragmentRecord& record) {
    SHILU_TRY(Bytes head, media_.read(fragment.offset, std::min<std::size_t>(kUsualMoof, fragment.size)));
    ByteReader reader(head);
    const std::uint64_t moof_size = reader.u32();
    if (!reader.ok() || moof_size > kMaxMoof) return bad("the moof at byte {} is too large", fragment.offset);
    const std::size_t wanted =
        std::min<std::uint64_t>(fragment.size, moof_size + 8);  // and the mdat's header
    if (wanted > head.size()) {
      SHILU_TRY(head, media_.read(fragment.offset, wanted));
    }
    SHILU_TRY(bmff::FragmentIndex index, bmff::parse_fragment(head, track.timescale(), fragment.size));
    if (index.sequence != record.sequence || index.decode_ticks != record.start_ticks ||
        index.duration_ticks() != record.duration_ticks) {
      return bad("fragment {} of {} tells another time than its record", record.sequence,
                 track.recorded->name);
    }
    return index;
  }

  // The header must be the one function of the fragments and the range, and the fragments just those it
  // needs. Takes the fragments out of tracks_.
  Status check_header() {
    std::vector<bmff::MovieTrack> movie_tracks;
    for (ClipTrack& track : tracks_) {
      if (track.movie.fragments.empty()) continue;
      const auto needed = bmff::needed_fragments(track.movie.fragments, track.movie.parameters, range_);
      if (needed.size() != track.movie.fragments.size())
        return bad("{} holds more than {:.3f} s to {:.3f} s needs", track.recorded->name,
                   range_.from.seconds(), range_.to.seconds());
      movie_tracks.push_back(std::move(track.movie));
    }
    SHILU_TRY(const bmff::Movie movie, bmff::build_bounded_movie(movie_tracks, range_, kMaxClipTables));
    if (movie.header.size() != media_.header_size) {
      return bad("the clip's header has {} bytes where its fragments and borders give {}", media_.header_size,
                 movie.header.size());
    }
    SHILU_CHECK(compare(movie.header, 0, "header"));
    return check_places(movie);
  }

  // Fragments and silence stand where the header says, and nothing else does.
  Status check_places(const bmff::Movie& movie) {
    std::uint64_t position = movie.header.size();
    for (const bmff::Extent& extent : movie.extents) {
      if (extent.source == bmff::kFillSource) {
        SHILU_CHECK(compare(ByteView(movie.fill).subspan(extent.offset, extent.size), position, "silence"));
      } else if (extent.offset != position) {
        return bad("byte {} of the clip is not where its fragment belongs", extent.offset);
      }
      position += extent.size;
    }
    return {};
  }

  Status compare(ByteView expected, std::uint64_t position, std::string_view what) {
    for (std::size_t at = 0; at < expected.size(); at += kCompareBlock) {
      const ByteView part = expected.subspan(at, std::min(kCompareBlock, expected.size() - at));
      SHILU_TRY(const Bytes found, media_.read(position + at, part.size()));
      const auto [wrong, other] = std::mismatch(found.begin(), found.end(), part.begin(), part.end());
      if (wrong != found.end() || other != part.end()) {
        return bad(
            "byte {} of the clip, in its {}, was changed: players would show something else than was cut",
            position + at + static_cast<std::size_t>(wrong - found.begin()), what);
      }
    }
    return {};
  }

  // All of the range is there, or declared to be missing.
  Status check_times(const ClipTrack& track) {
    const DeclaredGaps declared(proven_.gaps(), track.recorded->name);
    const auto gaps = declared.inside(range_, tolerance(track));
    gaps_.insert(gaps_.end(), gaps.begin(), gaps.end());
    if (track.movie.fragments.empty()) {
      const bool video = track.recorded->kind == MediaKind::kVideo;
      return require(track, declared, range_.from, range_.to, video ? kReordering : tolerance(track));
    }
    SHILU_CHECK(check_inner_times(track, declared));
    return check_outer_times(track, declared);
  }

  // Of the source's other track nothing may ever have come: the proof knows its gaps alone.
  void tell_absent_tracks() {
    for (const MediaKind kind : {MediaKind::kVideo, MediaKind::kAudio}) {
      const std::string name = track_name(source_, kind);
      const bool known = std::any_of(tracks_.begin(), tracks_.end(),
                                     [&](const ClipTrack& track) { return track.recorded->name == name; });
      if (known) continue;
      const auto gaps = DeclaredGaps(proven_.gaps(), name).inside(range_, kSmallestTolerance);
      gaps_.insert(gaps_.end(), gaps.begin(), gaps.end());
    }
  }

  Status check_inner_times(const ClipTrack& track, const DeclaredGaps& declared) {
    const auto& fragments = track.movie.fragments;
    for (std::size_t i = 1; i < fragments.size(); ++i) {
      const LessonTime end = decode_end(track, fragments[i - 1].index);
      const LessonTime next = time_of(track, fragments[i].index.decode_ticks);
      if (next < end - tolerance(track))
        return bad("{} is there twice at {:.3f} s", track.recorded->name, next.seconds());
      if (next > end + tolerance(track)) SHILU_CHECK(require(track, declared, end, next, tolerance(track)));
    }
    return {};
  }

  Status check_outer_times(const ClipTrack& track, const DeclaredGaps& declared) {
    const bmff::FragmentIndex& first = track.movie.fragments.front().index;
    const bmff::FragmentIndex& last = track.movie.fragments.back().index;
    const Nanoseconds slack = tolerance(track);
    if (time_of(track, presentation(first).from) > range_.from + slack) {
      SHILU_CHECK(require(track, declared, range_.from, time_of(track, first.decode_ticks), slack));
    }
    const LessonTime shown_to = time_of(track, presentation(last).to);
    const LessonTime end = decode_end(track, last);
    if (shown_to + slack >= range_.to) return {};
    return require(track, declared, end, range_.to - (shown_to - end), slack);
  }

  Status require(const ClipTrack& track, const DeclaredGaps& declared, LessonTime from, LessonTime to,
                 Nanoseconds slack) {
    if (declared.cover(from, to, slack)) return {};
    return bad("{} is missing from {:.3f} s to {:.3f} s, and no gap is declared there", track.recorded->name,
               from.seconds(), to.seconds());
  }

  // From the earliest picture shown to the end of the latest, in ticks.
  struct Shown {
    std::int64_t from, to;
  };
  static Shown presentation(const bmff::FragmentIndex& index) {
    Shown shown{index.decode_ticks + index.samples.front().composition_offset, index.decode_ticks};
    std::int64_t decode = index.decode_ticks;
    for (const bmff::SampleEntry& sample : index.samples) {
      const std::int64_t at = decode + sample.composition_offset;
      shown.from = std::min(shown.from, at);
      shown.to = std::max(shown.to, at + sample.duration);
      decode += sample.duration;
    }
    return shown;
  }

  static LessonTime time_of(const ClipTrack& track, std::int64_t ticks) {
    return {ns_from_ticks(ticks, track.timescale())};
  }
  static LessonTime decode_end(const ClipTrack& track, const bmff::FragmentIndex& index) {
    return time_of(track, index.decode_ticks + static_cast<std::int64_t>(index.duration_ticks()));
  }

  // One nominal sample or 1 ms, whichever is more: docs/ref/journal.md.
  static Nanoseconds tolerance(const ClipTrack& track) {
    Nanoseconds longest = kSmallestTolerance;
    for (const auto& [number, epoch] : track.recorded->epochs) {
      longest =
          std::max(longest, Nanoseconds(ns_from_ticks(epoch.event.nominal_ticks, epoch.event.timescale)));
    }
    return std::min(longest, kLargestTolerance);
  }

  const ProvenRecords& proven_;
  std::string_view source_;
  TimeRange range_;
  const ClipMedia& media_;
  Reached& reached_;
  std::vector<ClipTrack> tracks_;
  std::vector<Place> places_;  // by digest
  std::size_t samples_ = 0;
  std::vector<std::string> gaps_;
};

}  // namespace

Result<std::vector<std::string>> check_clip(const ProvenRecords& proven, std::string_view source,
                                            std::span<const ClipPart> parts) {
  std::vector<std::string> gaps;
  Reached reached;
  for (const ClipPart& part : parts) {
    auto of_part = ClipChecker(proven, source, part, reached).run();
    if (!of_part && of_part.error().kind == ErrorKind::kInvalidArgument)
      return fail(ErrorKind::kCorrupted, of_part.error().message);
    if (!of_part) return fail(of_part.error());
    gaps.insert(gaps.end(), of_part->begin(), of_part->end());
  }
  return gaps;
}

}  // namespace shilu::evidence
