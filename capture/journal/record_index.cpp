#include "capture/journal/record_index.h"

#include <fmt/format.h>

#include <algorithm>

namespace shilu::journal {
namespace {

constexpr std::size_t kMaxTracks = 256;  // of a lesson: bounds what looking one up costs

template <typename... Args>
tl::unexpected<Error> contradiction(std::uint64_t position, fmt::format_string<Args...> format,
                                    Args&&... args) {
  return fail(ErrorKind::kCorrupted,
              fmt::format("record {}: {}", position + 1, fmt::format(format, std::forward<Args>(args)...)));
}

}  // namespace

TrackView* RecordIndex::find(std::uint16_t number) {
  const auto found =
      std::find_if(tracks_.begin(), tracks_.end(), [&](const auto& t) { return t.number == number; });
  return found == tracks_.end() ? nullptr : &*found;
}

Status RecordIndex::take(std::uint64_t position, const Record& record) {
  if (const auto* fragment = std::get_if<FragmentRecord>(&record)) return take_fragment(position, *fragment);
  return take_event(position, std::get<EventRecord>(record));
}

Status RecordIndex::take_event(std::uint64_t position, const EventRecord& event) {
  if (const auto* epoch = std::get_if<EpochEvent>(&event.body)) return take_epoch(position, *epoch);
  if (const auto* redaction = std::get_if<RedactionEvent>(&event.body))
    return take_redaction(position, *redaction);
  if (std::holds_alternative<PrivateBeginEvent>(event.body)) return take_private(position, true);
  if (std::holds_alternative<PrivateEvent>(event.body)) return take_private(position, false);
  if (std::holds_alternative<StoppingEvent>(event.body)) return take_stopping(position, true);
  if (std::holds_alternative<ContinuedEvent>(event.body)) return take_stopping(position, false);
  if (std::holds_alternative<RedactionDoneEvent>(event.body)) redaction_pending_ = false;
  if (std::holds_alternative<StopEvent>(event.body)) {
    if (stopped_) return contradiction(position, "the lesson stops a second time");
    stopped_ = true;
  }
  return {};
}

Status RecordIndex::take_private(std::uint64_t position, bool begins) {
  if (stopped_ || private_ == begins) {
    return contradiction(position, "a private moment {} where it cannot", begins ? "begins" : "ends");
  }
  private_ = begins;
  return {};
}

Status RecordIndex::take_stopping(std::uint64_t position, bool begins) {
  if (stopped_ || stopping_ == begins) {
    return contradiction(position, "the lesson {} where it cannot", begins ? "is stopping" : "is continued");
  }
  stopping_ = begins;
  return {};
}

Status RecordIndex::take_redaction(std::uint64_t position, const RedactionEvent& event) {
  for (const auto& stretch : event.stretches) {
    const auto track =
        std::find_if(tracks_.begin(), tracks_.end(), [&](const auto& t) { return t.name == stretch.track; });
    const bool known =
        track != tracks_.end() &&
        stretch.last < progress_[static_cast<std::size_t>(track - tracks_.begin())].next_sequence;
    if (!known)
      return contradiction(position, "fragments of {} are deleted that were never there", stretch.track);
  }
  for (const auto& stretch : event.stretches) redacted_.push_back({stretch, position});
  redaction_pending_ = true;
  return {};
}

bool RecordIndex::redacted(std::string_view track, std::uint32_t sequence) const {
  return redacted_by(track, sequence).has_value();
}

std::optional<std::uint64_t> RecordIndex::redacted_by(std::string_view track, std::uint32_t sequence) const {
  const auto found = std::find_if(redacted_.begin(), redacted_.end(), [&](const Redacted& one) {
    const auto& stretch = one.stretch;
    return stretch.track == track && stretch.first <= sequence && sequence <= stretch.last;
  });
  return found == redacted_.end() ? std::nullopt : std::optional(found->position);
}

Status RecordIndex::take_epoch(std::uint64_t position, const EpochEvent& event) {
  if (stopped_ || stopping_) return contradiction(position, "an epoch begins after the stop");
  auto* track = find(event.track);
  for (const auto& other : tracks_) {
    if ((other.number == event.track) != (other.name == event.name)) {
      return contradiction(position, "track {} is \"{}\", but {} is \"{}\"", event.track, event.name,
                           other.number, other.name);
    }
  }
  if (track == nullptr && tracks_.size() == kMaxTracks)
    return contradiction(position, "the lesson has more than {} tracks", kMaxTracks);
  if (track == nullptr) {
    const auto place =
        std::find_if(tracks_.begin(), tracks_.end(), [&](const auto& t) { return t.number > event.track; });
    progress_.insert(progress_.begin() + (place - tracks_.begin()), Progress{});
    track = &*tracks_.insert(place, TrackView{event.track, event.name, {}});
  } else if (event.epoch <= track->epochs.back().event.epoch) {
    return contradiction(position, "epoch {} of {} does not follow epoch {}", event.epoch, event.name,
                         track->epochs.back().event.epoch);
  }
  track->epochs.push_back(
      {event, position + 1, directory_ / event.name / fmt::format("e{:03}.mp4", event.epoch), {}});
  progress_[static_cast<std::size_t>(track - tracks_.data())].next_offset = event.header_size;
  return {};
}

Status RecordIndex::take_fragment(std::uint64_t position, const FragmentRecord& fragment) {
  if (stopped_ || stopping_) return contradiction(position, "a fragment comes after the stop");
  auto* track = find(fragment.track);
  if (track == nullptr || track->epochs.back().event.epoch != fragment.epoch) {
    return contradiction(position, "a fragment of track {} epoch {}, which has not begun", fragment.track,
                         fragment.epoch);
  }
  auto& progress = progress_[static_cast<std::size_t>(track - tracks_.data())];
  if (fragment.sequence != progress.next_sequence) {
    return contradiction(position, "fragment {} of {} where {} is due", fragment.sequence, track->name,
                         progress.next_sequence);
  }
  if (fragment.offset != progress.next_offset) {
    return contradiction(position, "fragment {} of {} at byte {} of its file where {} is due",
                         fragment.sequence, track->name, fragment.offset, progress.next_offset);
  }
  ++progress.next_sequence;
  progress.next_offset += fragment.size;
  track->epochs.back().fragments.push_back(position);
  return {};
}

}  // namespace shilu::journal
