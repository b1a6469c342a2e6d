#include "capture/recorder/lesson_recovery.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "capture/journal/lesson_folder.h"
#include "capture/recorder/journal_tail.h"
#include "capture/recorder/redaction.h"
#include "firmware/base/log.h"

namespace shilu::recorder {
namespace {

using journal::FragmentRecord;
using journal::LessonFolder;
using std::filesystem::path;

const journal::TrackEpoch* epoch_of(const LessonFolder& folder, const FragmentRecord& fragment) {
  for (const auto& track : folder.tracks()) {
    if (track.number != fragment.track) continue;
    for (const auto& epoch : track.epochs) {
      if (epoch.event.epoch == fragment.epoch) return &epoch;
    }
  }
  return nullptr;
}

bool is_deleted(const LessonFolder& folder, const FragmentRecord& fragment) {
  const auto* epoch = epoch_of(folder, fragment);
  return epoch != nullptr && folder.redacted(epoch->event.name, fragment.sequence);
}

bool is_whole(FileSystem& files, const LessonFolder& folder, const FragmentRecord& fragment) {
  const auto* epoch = epoch_of(folder, fragment);
  if (epoch == nullptr) return false;
  const auto file = files.open(epoch->file, OpenMode::kRead);
  if (!file) return false;
  const auto bytes = (*file)->read_at(fragment.offset, fragment.size);
  return bytes && bytes->size() == fragment.size && sha256(*bytes) == fragment.fragment_sha256;
}

std::uint64_t signed_leaves(const LessonFolder& folder) {
  std::uint64_t leaves = 0;
  for (const auto& one : folder.checkpoints()) leaves = std::max(leaves, one.checkpoint.tree_size);
  return leaves;
}

// Positions of unsigned fragment records that cannot stay.
std::set<std::uint64_t> broken_records(FileSystem& files, const LessonFolder& folder) {
  std::set<std::uint64_t> broken;
  std::set<std::uint16_t> tracks;
  const auto from = signed_leaves(folder);
  for (const auto& stored : folder.records()) {
    const auto* fragment = std::get_if<FragmentRecord>(&stored.record);
    if (fragment == nullptr || stored.leaf < from || is_deleted(folder, *fragment)) continue;
    if (!tracks.contains(fragment->track) && is_whole(files, folder, *fragment)) continue;
    tracks.insert(fragment->track);
    broken.insert(stored.leaf);
  }
  return broken;
}

// An epoch whose every fragment is gone may stay: its header is there. A gap behind a lost fragment may not.
bool gap_behind_loss(const journal::Record& record, const LessonFolder& folder,
                     const std::set<std::uint64_t>& broken) {
  const auto* event = std::get_if<journal::EventRecord>(&record);
  const auto* gap = event == nullptr ? nullptr : std::get_if<journal::GapEvent>(&event->body);
  if (gap == nullptr) return false;
  for (const auto leaf : broken) {
    const auto& lost = std::get<FragmentRecord>(folder.records()[leaf - 1].record);
    const auto* epoch = epoch_of(folder, lost);
    if (epoch == nullptr || epoch->event.name != gap->track) continue;
    if (gap->from.ns >= ns_from_ticks(lost.start_ticks, epoch->event.timescale)) return true;
  }
  return false;
}

Status rewrite_journal(FileSystem& files, const LessonFolder& folder, const std::set<std::uint64_t>& broken) {
  Bytes bytes = to_bytes(journal::kMagic);
  for (const auto& stored : folder.records()) {
    if (broken.contains(stored.leaf) || gap_behind_loss(stored.record, folder, broken)) continue;
    put_bytes(bytes, stored.bytes);
  }
  const auto temporary = folder.directory() / ".journal.new";
  SHILU_TRY(const auto file, files.open(temporary, OpenMode::kCreateOrOpen));
  SHILU_CHECK(file->truncate(0));
  SHILU_CHECK(file->write_at(0, bytes));
  SHILU_CHECK(file->sync_data());
  SHILU_CHECK(files.rename(temporary, folder.directory() / "journal"));
  return files.sync_directory(folder.directory());
}

// Where the epoch's last fragment ends.
std::uint64_t end_of(const LessonFolder& folder, const journal::TrackEpoch& epoch) {
  std::uint64_t end = epoch.event.header_size;
  for (const auto position : epoch.fragments) {
    const auto& fragment = std::get<FragmentRecord>(folder.records()[position].record);
    end = std::max(end, fragment.offset + fragment.size);
  }
  return end;
}

// How much was cut.
Result<std::uint64_t> cut_tail(FileSystem& files, const path& where, std::uint64_t end) {
  const auto opened = files.open(where, OpenMode::kReadWrite);
  if (!opened) return 0;  // the checker will name it; the lesson goes on
  const auto& file = *opened;
  SHILU_TRY(const auto size, file->size());
  if (size < end) return 0;
  SHILU_CHECK(file->truncate(end));  // also at the same size: gives back what was reserved
  SHILU_CHECK(file->sync_data());
  return size - end;
}

// Files that no epoch names: made, but nothing of them was journalled before the end.
void remove_unknown_files(FileSystem& files, const LessonFolder& folder) {
  std::set<path> known;
  for (const auto& track : folder.tracks()) {
    for (const auto& epoch : track.epochs) known.insert(path(track.name) / epoch.file.filename());
  }
  for (const auto& directory : files.list(folder.directory()).value_or(std::vector<std::string>())) {
    if (!parse_track_name(directory)) continue;
    for (const auto& name : files.list(folder.directory() / directory).value_or(std::vector<std::string>())) {
      if (known.contains(path(directory) / name)) continue;
      if (const auto removed = files.remove(folder.directory() / directory / name); !removed) {
        log_warning("{}", removed.error().message);
      }
    }
  }
}

Result<std::uint64_t> cut_tails(FileSystem& files, const LessonFolder& folder) {
  std::uint64_t lost = 0;
  for (const auto& track : folder.tracks()) {
    for (const auto& epoch : track.epochs) {
      SHILU_TRY(const auto cut, cut_tail(files, epoch.file, end_of(folder, epoch)));
      lost += cut;
    }
  }
  return lost;
}

void take_epoch(TrackState& state, const journal::EpochEvent& event) {
  state.number = event.track;
  state.next_epoch = static_cast<std::uint16_t>(event.epoch + 1);
  state.codec = event.codec;
  state.width = event.width;
  state.height = event.height;
  if (event.nominal_ticks > 0) state.rate = static_cast<double>(event.timescale) / event.nominal_ticks;
  state.counters.bytes += event.header_size;
}

void take_fragment(TrackState& state, const FragmentRecord& fragment, std::uint32_t timescale) {
  state.next_sequence = fragment.sequence + 1;
  const LessonTime end{
      ns_from_ticks(fragment.start_ticks + static_cast<std::int64_t>(fragment.duration_ticks), timescale)};
  state.durable_until =
      state.anything ? std::max(state.durable_until, end) : end;  // may lie before the press
  state.anything = true;
  state.counters.bytes += fragment.size;
  state.counters.fragments += 1;
  state.counters.received += fragment.samples;
  state.counters.expected += fragment.samples_expected;
}

Result<TrackState> state_of(const LessonFolder& folder, const journal::TrackView& track) {
  SHILU_TRY(const auto parts, parse_track_name(track.name));
  TrackState state;
  state.name = track.name;
  state.kind = parts.kind;
  for (const auto& epoch : track.epochs) {
    take_epoch(state, epoch.event);
    for (const auto position : epoch.fragments) {
      take_fragment(state, std::get<FragmentRecord>(folder.records()[position].record),
                    epoch.event.timescale);
    }
  }
  for (const auto& gap : folder.gaps()) {
    if (gap.track != track.name) continue;
    ++state.counters.gaps;
    state.counters.expected +=
        static_cast<std::uint64_t>(LessonTime{(gap.to - gap.from).count()}.seconds() * state.rate);
    state.durable_until = state.anything ? std::max(state.durable_until, gap.to) : gap.to;
    state.anything = true;
  }
  return state;
}

// A gap of a track that never got as far as an epoch.
void add_gap_only_tracks(const LessonFolder& folder, std::vector<TrackState>& tracks) {
  for (const auto& gap : folder.gaps()) {
    const auto known =
        std::find_if(tracks.begin(), tracks.end(), [&](const auto& one) { return one.name == gap.track; });
    const auto parts = parse_track_name(gap.track);
    if (known != tracks.end() || !parts) continue;
    TrackState state;
    state.name = gap.track;
    state.kind = parts->kind;
    state.durable_until = gap.to;
    state.anything = true;
    state.counters.gaps = 1;
    tracks.push_back(std::move(state));
  }
}

// What the events say of how the lesson stood, the last word counting.
void take_event(RecoveredLesson& recovered, const journal::EventRecord& event) {
  recovered.alive_until = std::max(recovered.alive_until, event.at);
  const auto& body = event.body;
  if (const auto* clock = std::get_if<journal::ClockEvent>(&body)) {
    const auto wall = wall_from_rfc3339(clock->utc);
    if (wall) recovered.anchor = {event.at, *wall, {clock->synchronised, clock->error_ms}};
  } else if (const auto* rebase = std::get_if<journal::RebaseEvent>(&body)) {
    if (rebase->boot_id == boot_id()) recovered.start = rebase->start_monotonic;
  } else if (std::holds_alternative<journal::PrivateBeginEvent>(body)) {
    recovered.away = Away{Away::Why::kPrivate, event.at, {}};
    recovered.left_out = GapReason::kPrivate;
  } else if (const auto* stopping = std::get_if<journal::StoppingEvent>(&body)) {
    recovered.away = Away{Away::Why::kStopping, LessonTime::from_ms(stopping->duration_ms), stopping->reason};
    recovered.left_out = GapReason::kStopped;
  } else if (const auto* moment = std::get_if<journal::PrivateEvent>(&body)) {
    recovered.away.reset();
    recovered.not_before = moment->to;
  } else if (const auto* continued = std::get_if<journal::ContinuedEvent>(&body)) {
    recovered.away.reset();
    recovered.not_before = continued->to;
  } else if (const auto* redaction = std::get_if<journal::RedactionEvent>(&body)) {
    // It may reach into what was still to come, and that was recorded all the same.
    recovered.not_before = std::max(recovered.not_before, std::min(redaction->to, event.at));
    if (!recovered.away) recovered.left_out = GapReason::kRedacted;
  } else if (const auto* extended = std::get_if<journal::ExtendedEvent>(&body)) {
    recovered.planned_ms = extended->planned_ms;
  }
}

void take_events(const LessonFolder& folder, RecoveredLesson& recovered) {
  const auto& info = folder.info();
  recovered.anchor = {LessonTime{0}, info.start_wall, info.clock};
  recovered.planned_ms = info.planned_ms;
  if (info.boot_id == boot_id()) recovered.start = info.start_monotonic;
  for (const auto& stored : folder.records()) {
    if (const auto* event = std::get_if<journal::EventRecord>(&stored.record)) take_event(recovered, *event);
  }
}

}  // namespace

std::vector<path> unfinished_lessons(FileSystem& files, const path& lessons) {
  std::vector<path> found;
  const auto names = files.list(lessons);
  if (!names) return found;
  for (const auto& name : *names) {  // UUIDv7: in the order of their making
    const auto folder = lessons / name;
    const bool stopped = read_journal_tail(files, folder / "journal").stopped;
    if (files.exists(folder / "lesson.json") && !stopped) found.push_back(folder);
  }
  return found;
}

// More was signed than can be read: the journal is damaged in its midst, not torn at its end. What lies
// behind the damage must stay for somebody who can mend it.
Status refuse_lost_records(const LessonFolder& folder) {
  if (const auto& broken = folder.damage().checkpoints) return fail(*broken);
  if (folder.checkpoints().empty()) return {};
  const auto leaves = folder.checkpoints().back().checkpoint.tree_size;
  const auto read = folder.records().size() + 1;  // lesson.json is a leaf, too
  if (leaves <= read) return {};
  return fail(ErrorKind::kCorrupted,
              fmt::format("the journal of {} is damaged behind {} of {} signed records; nothing was changed",
                          folder.directory().string(), read - 1, leaves - 1));
}

Result<RecoveredLesson> recover_lesson(FileSystem& files, const path& directory) {
  SHILU_TRY(auto folder, LessonFolder::open(directory));
  SHILU_CHECK(refuse_lost_records(folder));
  if (const auto broken = broken_records(files, folder); !broken.empty()) {
    log_error("{} fragments of {} are not on disk although the disk had confirmed them", broken.size(),
              directory.string());
    SHILU_CHECK(rewrite_journal(files, folder, broken));
    SHILU_TRY(folder, LessonFolder::open(directory));
  }
  if (const auto& damage = folder.damage(); damage.journal || damage.order) {
    return fail(damage.journal ? *damage.journal : *damage.order);
  }
  remove_unknown_files(files, folder);
  RecoveredLesson recovered;
  recovered.directory = directory;
  recovered.info = folder.info();
  take_events(folder, recovered);
  if (folder.redaction_pending()) {
    SHILU_CHECK(erase_all_redacted(files, folder));
    recovered.redacted_anew = true;
  }
  recovered.marks = folder.marks();
  recovered.records = folder.records().size();
  SHILU_TRY(recovered.lost_bytes, cut_tails(files, folder));
  for (const auto& track : folder.tracks()) {
    SHILU_TRY(auto state, state_of(folder, track));
    recovered.tracks.push_back(std::move(state));
  }
  add_gap_only_tracks(folder, recovered.tracks);
  for (const auto& track : recovered.tracks) {
    recovered.stored_until = std::max(recovered.stored_until, track.durable_until);
  }
  recovered.alive_until = std::max(recovered.alive_until, recovered.stored_until);
  return recovered;
}

}  // namespace shilu::recorder
