#include <algorithm>

#include "capture/journal/findings.h"
#include "capture/journal/fragment_heads.h"

namespace shilu::journal {
namespace {

constexpr std::uint64_t kBlock = 1u << 20;

struct Hashes {
  Digest fragment{};
  Digest payload{};
};

// Both hashes of a fragment in one pass; `payload_offset` from its first byte.
Result<Hashes> hash_fragment(File& file, const FragmentRecord& record, std::uint64_t payload_offset) {
  Sha256 fragment;
  Sha256 payload;
  for (std::uint64_t done = 0; done < record.size;) {
    SHILU_TRY(const auto block,
              file.read_at(record.offset + done, std::min<std::uint64_t>(kBlock, record.size - done)));
    if (block.empty()) return fail(ErrorKind::kCorrupted, "the file ends inside it");
    fragment.update(block);
    const auto skip =
        payload_offset > done ? std::min<std::uint64_t>(payload_offset - done, block.size()) : 0;
    payload.update(ByteView(block).subspan(skip));
    done += block.size();
  }
  return Hashes{fragment.finish(), payload.finish()};
}

Result<bool> only_zeros(File& file, const FragmentRecord& record, std::uint64_t payload_offset) {
  for (std::uint64_t done = payload_offset; done < record.size;) {
    SHILU_TRY(const auto block,
              file.read_at(record.offset + done, std::min<std::uint64_t>(kBlock, record.size - done)));
    if (block.empty()) return fail(ErrorKind::kCorrupted, "the file ends inside it");
    if (std::any_of(block.begin(), block.end(), [](std::uint8_t byte) { return byte != 0; })) return false;
    done += block.size();
  }
  return true;
}

class EpochChecker {
 public:
  EpochChecker(const LessonFolder& lesson, const TrackEpoch& epoch, Findings& findings)
      : lesson_(lesson),
        epoch_(epoch),
        findings_(findings),
        name_(fmt::format("{}/{}", epoch.event.name, epoch.file.filename().string())) {}

  void run() {
    auto file = EpochFile::open(epoch_);
    if (!file) {
      findings_.violation(
          epoch_.fragments.empty() ? "header-hash" : "fragment-missing",
          fmt::format("{} with {} fragments: {}", name_, epoch_.fragments.size(), file.error().message));
      return;
    }
    if (const auto parameters = file->parameters(); !parameters) {
      findings_.violation("header-hash", parameters.error().message);
    }
    std::uint64_t end = epoch_.event.header_size;
    for (const auto position : epoch_.fragments) {
      const auto& record = std::get<FragmentRecord>(lesson_.records()[position].record);
      check(*file, record);
      end = record.offset + record.size;
    }
    if (file->size() > end) {
      findings_.note("tail-bytes",
                     fmt::format("{}: {} bytes behind the last fragment", name_, file->size() - end));
    }
  }

 private:
  void check(EpochFile& file, const FragmentRecord& record) {
    findings_.report().bytes += record.size;
    const auto where = fmt::format("{}: fragment {} at byte {}", name_, record.sequence, record.offset);
    if (record.offset + record.size > file.size()) {
      findings_.violation("fragment-missing", where + " is not wholly there");
      return;
    }
    const auto head = file.head(record);
    if (!head) {
      findings_.violation("fragment-hash", head.error().message);
      return;
    }
    if (lesson_.redaction_signed(epoch_.event.name, record.sequence)) {
      check_redacted(file, record, head->payload_offset, where);
      return;
    }
    const auto hashes = hash_fragment(file.file(), record, head->payload_offset);
    if (!hashes) {
      findings_.violation("fragment-hash", fmt::format("{}: {}", where, hashes.error().message));
    } else if (hashes->fragment != record.fragment_sha256 || hashes->payload != record.payload_sha256) {
      findings_.violation("fragment-hash", where + " is not what the journal hashed");
    }
  }

  // A signed deletion covers it: its head is there, and of its payload nothing.
  void check_redacted(EpochFile& file, const FragmentRecord& record, std::uint64_t payload_offset,
                      const std::string& where) {
    ++findings_.report().redacted;
    const auto empty = only_zeros(file.file(), record, payload_offset);
    if (!empty) {
      findings_.violation("fragment-hash", fmt::format("{}: {}", where, empty.error().message));
    } else if (!*empty && lesson_.redaction_pending()) {
      findings_.note("redaction-pending", where + " is deleted in the journal, but still on the disk");
    } else if (!*empty) {
      findings_.violation("redaction", where + " was deleted, but bytes stand where it was");
    }
  }

  const LessonFolder& lesson_;
  const TrackEpoch& epoch_;
  Findings& findings_;
  std::string name_;
};

// Files of a track that no epoch event names: left by a stop between making the file and journalling it.
void note_stray_files(const TrackView& track, const std::filesystem::path& directory, Findings& findings) {
  const auto names = posix_file_system().list(directory / track.name);
  if (!names) return;  // missing files were told with their fragments
  for (const auto& name : *names) {
    const auto is_this = [&](const TrackEpoch& epoch) { return epoch.file.filename() == name; };
    if (std::none_of(track.epochs.begin(), track.epochs.end(), is_this)) {
      findings.note("stray-file", fmt::format("{}/{} is not in the journal", track.name, name));
    }
  }
}

}  // namespace

void check_media(const LessonFolder& lesson, Findings& findings) {
  for (const auto& track : lesson.tracks()) {
    for (const auto& epoch : track.epochs) {
      findings.report().fragments += epoch.fragments.size();
      EpochChecker(lesson, epoch, findings).run();
    }
    note_stray_files(track, lesson.directory(), findings);
  }
}

}  // namespace shilu::journal
