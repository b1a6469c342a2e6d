#include "capture/recorder/redaction.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>

#include "capture/bmff/fragment_reader.h"
#include "capture/recorder/journal_tail.h"
#include "capture/recorder/lesson_journal.h"
#include "firmware/base/unique_fd.h"

namespace shilu::recorder {
namespace {

using journal::EventRecord;
using journal::FragmentRecord;
using journal::LessonFolder;
using journal::RedactedStretch;

constexpr std::uint64_t kMostHeadBytes = 16u << 20;
constexpr std::uint64_t kBlock = 1u << 20;

// A fragment with what of its epoch is needed here.
struct Placed {
  const FragmentRecord* record = nullptr;
  const journal::TrackEpoch* epoch = nullptr;

  LessonTime start() const { return {ns_from_ticks(record->start_ticks, epoch->event.timescale)}; }
  LessonTime end() const {
    const auto ticks = record->start_ticks + static_cast<std::int64_t>(record->duration_ticks);
    return {ns_from_ticks(ticks, epoch->event.timescale)};
  }
  bool key() const { return (record->flags & journal::kKey) != 0; }
};

std::vector<Placed> fragments_of(const LessonFolder& folder, const journal::TrackView& track) {
  std::vector<Placed> fragments;
  for (const auto& epoch : track.epochs) {
    for (const auto position : epoch.fragments) {
      fragments.push_back({&std::get<FragmentRecord>(folder.records()[position].record), &epoch});
    }
  }
  return fragments;
}

void plan_track(const LessonFolder& folder, const journal::TrackView& track, TimeRange range,
                std::vector<RedactedStretch>& stretches) {
  bool going = false;  // the fragment before goes
  for (const auto& fragment : fragments_of(folder, track)) {
    const bool inside = fragment.start() < range.to && fragment.end() > range.from;
    const bool goes = inside || (going && !fragment.key());
    const bool is_gone = folder.redacted(track.name, fragment.record->sequence);
    if (goes && !is_gone && going && !stretches.empty() && stretches.back().track == track.name &&
        stretches.back().last + 1 == fragment.record->sequence) {
      stretches.back().last = fragment.record->sequence;
      stretches.back().to = fragment.end();
    } else if (goes && !is_gone) {
      const auto sequence = fragment.record->sequence;
      stretches.push_back({track.name, sequence, sequence, fragment.start(), fragment.end()});
    }
    going = goes;
  }
}

// Takes bytes off the disk for good: zeros are written over them where they stand and synced. Good for file
// systems that write in place (ext4, xfs); what a flash controller keeps out of reach is beyond us.
Status overwrite(File& file, std::uint64_t offset, std::uint64_t size) {
  const Bytes zeros(static_cast<std::size_t>(std::min(size, kBlock)));
  for (std::uint64_t done = 0; done < size; done += kBlock) {
    const auto part = static_cast<std::size_t>(std::min(kBlock, size - done));
    SHILU_CHECK(file.write_at(offset + done, ByteView(zeros).first(part)));
  }
  return file.sync_data();
}

// Gives the blocks back, once nothing is in them. Past the file system seam, for only room depends on it.
void give_back(const std::filesystem::path& where, std::uint64_t offset, std::uint64_t size) {
  const UniqueFd fd(::open(where.c_str(), O_RDWR | O_CLOEXEC));
  if (!fd) return;
  const auto from = static_cast<off_t>(offset);
  static_cast<void>(
      ::fallocate(fd.get(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, from, static_cast<off_t>(size)));
}

Status erase_payload(File& file, const Placed& fragment, MediaKind kind) {
  const auto& record = *fragment.record;
  const auto head_size = std::min<std::uint64_t>(bmff::fragment_head_size(kind, record.samples), record.size);
  if (head_size > kMostHeadBytes)
    return fail(ErrorKind::kCorrupted, "the head of a fragment is of absurd size");
  SHILU_TRY(const auto head, file.read_at(record.offset, static_cast<std::size_t>(head_size)));
  SHILU_TRY(const auto index, bmff::parse_fragment(head, fragment.epoch->event.timescale, record.size));
  const auto begin = record.offset + index.payload_offset;
  SHILU_CHECK(overwrite(file, begin, index.payload_size));
  give_back(fragment.epoch->file, begin, index.payload_size);
  return {};
}

// The journal of a finished lesson is opened for a few records more.
Status append_behind_stop(LessonJournal& journal, const LessonFolder& folder, journal::EventBody body) {
  const LessonTime at{folder.duration().count()};
  SHILU_CHECK(journal.commit({EventRecord{at, std::move(body)}}));
  return journal.sign(at, "redaction");
}

Result<std::unique_ptr<LessonJournal>> reopen(const LessonOwner& owner, const LessonFolder& folder) {
  const CertifiedKey* keys[] = {&owner.key, owner.previous_key};
  for (const CertifiedKey* one : keys) {
    if (one != nullptr && certified_for(folder.info(), one->key.public_key()))
      return LessonJournal::reopen({owner.files, owner.clock, one->key, folder.directory()});
  }
  return fail(ErrorKind::kFailedPrecondition,
              "The lesson was begun with another recording key: its journal cannot be signed any more.");
}

}  // namespace

bool certified_for(const LessonInfo& info, const PublicKey& key) {
  const auto envelope = DsseEnvelope::from_json(info.recording_certificate);
  if (!envelope) return false;
  const auto certificate = KeyCertificate::from_envelope(*envelope);
  return certificate && certificate->key == key;
}

Result<journal::RedactionEvent> plan_redaction(const LessonFolder& folder, TimeRange range,
                                               const std::optional<Digest>& subject) {
  journal::RedactionEvent event;
  event.from = range.from;
  event.to = range.to;
  event.subject_sha256 = subject;
  event.after_stop = folder.finished();
  for (const auto& track : folder.tracks()) plan_track(folder, track, range, event.stretches);
  if (event.stretches.empty()) return fail(ErrorKind::kNotFound, "There is nothing to delete in that time.");
  return event;
}

Status erase_stretches(FileSystem& files, const LessonFolder& folder,
                       const std::vector<RedactedStretch>& stretches) {
  for (const auto& track : folder.tracks()) {
    SHILU_TRY(const auto name, parse_track_name(track.name));
    const journal::TrackEpoch* open = nullptr;
    std::unique_ptr<File> file;
    for (const auto& fragment : fragments_of(folder, track)) {
      const auto covers = [&](const RedactedStretch& stretch) {
        return stretch.track == track.name && stretch.first <= fragment.record->sequence &&
               fragment.record->sequence <= stretch.last;
      };
      if (std::none_of(stretches.begin(), stretches.end(), covers)) continue;
      if (open != fragment.epoch) {
        SHILU_TRY(file, files.open(fragment.epoch->file, OpenMode::kReadWrite));
        open = fragment.epoch;
      }
      SHILU_CHECK(erase_payload(*file, fragment, name.kind));
    }
  }
  return {};
}

Status erase_all_redacted(FileSystem& files, const LessonFolder& folder) {
  std::vector<RedactedStretch> all;
  for (const auto& stored : folder.records()) {
    const auto* event = std::get_if<EventRecord>(&stored.record);
    const auto* redaction = event == nullptr ? nullptr : std::get_if<journal::RedactionEvent>(&event->body);
    if (redaction != nullptr) all.insert(all.end(), redaction->stretches.begin(), redaction->stretches.end());
  }
  return erase_stretches(files, folder, all);
}

Status redact_finished(const LessonOwner& owner, const std::filesystem::path& directory, TimeRange range,
                       const std::optional<Digest>& subject) {
  SHILU_TRY(auto folder, LessonFolder::open(directory));
  const bool was_pending = folder.redaction_pending();
  if (was_pending) {
    SHILU_CHECK(finish_deletion(owner, directory));
    SHILU_TRY(folder, LessonFolder::open(directory));
  }
  auto planned = plan_redaction(folder, range, subject);
  if (!planned && was_pending && planned.error().kind == ErrorKind::kNotFound) return {};  // it is gone now
  if (!planned) return fail(planned.error());
  auto event = std::move(*planned);
  SHILU_TRY(const auto journal, reopen(owner, folder));
  const auto stretches = event.stretches;
  SHILU_CHECK(append_behind_stop(*journal, folder, std::move(event)));
  SHILU_CHECK(erase_stretches(owner.files, folder, stretches));
  return append_behind_stop(*journal, folder, journal::RedactionDoneEvent{true});
}

std::vector<std::filesystem::path> half_deleted_lessons(FileSystem& files,
                                                        const std::filesystem::path& lessons) {
  std::vector<std::filesystem::path> found;
  for (const auto& name : files.list(lessons).value_or(std::vector<std::string>())) {
    if (read_journal_tail(files, lessons / name / "journal").deletion_pending)
      found.push_back(lessons / name);
  }
  return found;
}

Status finish_deletion(const LessonOwner& owner, const std::filesystem::path& directory) {
  SHILU_TRY(const auto folder, LessonFolder::open(directory));
  if (!folder.redaction_pending()) return {};
  SHILU_TRY(const auto journal, reopen(owner, folder));
  SHILU_CHECK(journal->sign({folder.duration().count()}, "redaction"));  // the stop may have come before that
  SHILU_CHECK(erase_all_redacted(owner.files, folder));
  return append_behind_stop(*journal, folder, journal::RedactionDoneEvent{true});
}

}  // namespace shilu::recorder
