#include "capture/journal/lesson_folder.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

#include "capture/journal/checkpoint_file.h"
#include "capture/journal/file_names.h"
#include "capture/journal/record_index.h"
#include "capture/journal/source_movie.h"

namespace shilu::journal {
namespace {

using std::filesystem::path;

constexpr std::int64_t kNsPerMs = 1'000'000;
// What a hostile folder can make us hold: a day of four tracks, and more than eight hours of two.
constexpr std::uint64_t kMaxLessonJson = 1u << 20;
constexpr std::uint64_t kMaxJournal = 64u << 20;
constexpr std::size_t kMaxRecords = 400'000;
constexpr std::uint64_t kMaxCheckpoints = 16u << 20;
constexpr std::size_t kSmallestRecord = 32;
constexpr std::size_t kBlock = 4u << 20;  // holds several of the largest records

// Null where the file is missing (a power cut just behind lesson.json).
Result<std::unique_ptr<File>> open_if_there(const path& where) {
  auto file = posix_file_system().open(where, OpenMode::kRead);
  if (!file && file.error().kind == ErrorKind::kNotFound) return nullptr;
  return file;
}

tl::unexpected<Error> too_large(std::string_view file) {
  return fail(ErrorKind::kCorrupted, fmt::format("the file `{}` is larger than that of any lesson", file));
}

}  // namespace

struct LessonFolder::Impl {
  path directory;
  std::string lesson_json;
  LessonInfo info;
  std::vector<StoredRecord> records;
  RecordIndex index;
  std::vector<SignedCheckpoint> checkpoints;
  std::uint64_t journal_size = 0;
  std::uint64_t checkpoints_size = 0;
  Damage damage;

  explicit Impl(path where) : directory(where), index(std::move(where)) {}

  // Takes one record off `rest`; false where the sound part ends.
  Result<bool> take_record(ByteView& rest) {
    auto result = decode(rest);
    if (!result) return fail(result.error().within(fmt::format("record {}", records.size() + 1)));
    auto& decoded = *result;
    if (!decoded) return false;
    if (const auto status = index.take(records.size(), decoded->record); !status) {
      damage.order = status.error();
      return false;
    }
    const auto bytes = rest.first(decoded->size);
    records.push_back({records.size() + 1, std::move(decoded->record), Bytes(bytes.begin(), bytes.end())});
    rest = rest.subspan(decoded->size);
    journal_size += decoded->size;
    return true;
  }

  Status take_magic(ByteView& rest) {
    if (journal_size > 0 || rest.size() < kMagic.size()) return {};
    if (as_text(rest.first(kMagic.size())) != kMagic) {
      return fail(ErrorKind::kCorrupted, "the file `journal` is not a journal of this program");
    }
    rest = rest.subspan(kMagic.size());
    journal_size = kMagic.size();
    return {};
  }

  Status take_journal(ByteView rest) {
    SHILU_CHECK(take_magic(rest));
    if (journal_size == 0) return {};
    while (true) {
      SHILU_TRY(const bool more, take_record(rest));
      if (!more) return {};
      if (records.size() > kMaxRecords || journal_size > kMaxJournal) return too_large(kJournal);
    }
  }

  // Block by block, each from the last record that was whole in the block before.
  Status read_journal() {
    SHILU_TRY(const auto file, open_if_there(directory / kJournal));
    if (!file) return {};
    SHILU_TRY(const auto size, file->size());
    if (records.empty()) records.reserve(std::min<std::uint64_t>(size / kSmallestRecord, kMaxRecords) + 1);
    while (size > journal_size) {
      const auto before = journal_size;
      SHILU_TRY(const auto block, file->read_at(before, std::min<std::uint64_t>(size - before, kBlock)));
      if (const auto status = take_journal(block); !status) damage.journal = status.error();
      if (damage.any() || journal_size == before) return {};
    }
    return {};
  }

  Status take_checkpoints(std::string_view text) {
    auto prefix = read_checkpoint_prefix(text);
    std::move(prefix.checkpoints.begin(), prefix.checkpoints.end(), std::back_inserter(checkpoints));
    checkpoints_size += prefix.size;
    if (prefix.error) return fail(*prefix.error);
    return {};
  }

  // Checkpoints first: so none is seen that covers records which were not read yet.
  Status refresh() {
    damage = {};
    SHILU_CHECK(read_checkpoints());
    return read_journal();
  }

  Status read_checkpoints() {
    SHILU_TRY(const auto file, open_if_there(directory / kCheckpoints));
    if (!file) return {};
    SHILU_TRY(const auto size, file->size());
    const auto end = std::min(size, kMaxCheckpoints);
    if (end <= checkpoints_size) return {};
    SHILU_TRY(const auto bytes, file->read_at(checkpoints_size, end - checkpoints_size));
    if (const auto status = take_checkpoints(as_text(bytes)); !status) {
      damage.checkpoints = status.error();
    } else if (size > kMaxCheckpoints) {
      damage.checkpoints = too_large(kCheckpoints).value();
    }
    return {};
  }

  Nanoseconds recorded_until() const {
    std::int64_t end = 0;
    for (const auto& track : index.tracks()) {
      for (const auto& epoch : track.epochs) {
        if (epoch.fragments.empty()) continue;
        const auto& last = std::get<FragmentRecord>(records[epoch.fragments.back()].record);
        const auto ticks = last.start_ticks + static_cast<std::int64_t>(last.duration_ticks);
        end = std::max(end, ns_from_ticks(ticks, epoch.event.timescale));
      }
    }
    return Nanoseconds(end);
  }

  template <typename Event, typename Visit>
  void each(Visit&& visit) const {
    for (const auto& stored : records) {
      const auto* event = std::get_if<EventRecord>(&stored.record);
      const auto* body = event == nullptr ? nullptr : std::get_if<Event>(&event->body);
      if (body != nullptr) visit(*body);
    }
  }
};

LessonFolder::LessonFolder(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
LessonFolder::LessonFolder(LessonFolder&&) noexcept = default;
LessonFolder& LessonFolder::operator=(LessonFolder&&) noexcept = default;
LessonFolder::~LessonFolder() = default;

Result<LessonFolder> LessonFolder::open(const path& directory) {
  auto impl = std::make_unique<Impl>(directory);
  auto text = read_text_file(directory / kLessonJson, kMaxLessonJson);
  if (!text && text.error().kind == ErrorKind::kNotFound) {
    return fail(ErrorKind::kNotFound, fmt::format("{} is not the folder of a lesson", directory.string()));
  }
  // Too large, or no file at all.
  if (!text && text.error().kind == ErrorKind::kInvalidArgument)
    return fail(ErrorKind::kCorrupted, text.error().message);
  if (!text) return fail(text.error());
  impl->lesson_json = std::move(*text);
  SHILU_TRY(impl->info, LessonInfo::from_json(impl->lesson_json));
  SHILU_CHECK(impl->refresh());
  return LessonFolder(std::move(impl));
}

Status LessonFolder::refresh() {
  return impl_->refresh();
}

const path& LessonFolder::directory() const {
  return impl_->directory;
}
const Damage& LessonFolder::damage() const {
  return impl_->damage;
}
const LessonInfo& LessonFolder::info() const {
  return impl_->info;
}
const std::string& LessonFolder::lesson_json() const {
  return impl_->lesson_json;
}
const std::vector<StoredRecord>& LessonFolder::records() const {
  return impl_->records;
}
const std::vector<TrackView>& LessonFolder::tracks() const {
  return impl_->index.tracks();
}
const std::vector<SignedCheckpoint>& LessonFolder::checkpoints() const {
  return impl_->checkpoints;
}
bool LessonFolder::finished() const {
  return impl_->index.stopped();
}

std::vector<Mark> LessonFolder::marks() const {
  std::vector<Mark> marks;
  std::unordered_map<std::string, std::size_t> places;  // by id
  impl_->each<MarkEvent>([&](const MarkEvent& event) {
    if (places.emplace(event.mark.id, marks.size()).second) marks.push_back(event.mark);
  });
  impl_->each<MarkUndoneEvent>([&](const MarkUndoneEvent& event) {
    if (const auto place = places.find(event.id); place != places.end()) marks[place->second].undone = true;
  });
  return marks;
}

std::vector<GapEvent> LessonFolder::gaps() const {
  std::vector<GapEvent> gaps;
  impl_->each<GapEvent>([&](const GapEvent& gap) { gaps.push_back(gap); });
  return gaps;
}

std::vector<GapEvent> LessonFolder::holes() const {
  auto holes = gaps();
  impl_->each<RedactionEvent>([&](const RedactionEvent& event) {
    for (const auto& stretch : event.stretches) {
      holes.push_back({stretch.track, stretch.from, stretch.to, std::string(kRedactedReason)});
    }
  });
  std::stable_sort(holes.begin(), holes.end(), [](const auto& a, const auto& b) { return a.from < b.from; });
  return holes;
}

bool LessonFolder::redaction_signed(std::string_view track, std::uint32_t sequence) const {
  const auto position = impl_->index.redacted_by(track, sequence);
  if (!position || checkpoints().empty()) return false;
  return records()[*position].leaf < checkpoints().back().checkpoint.tree_size;
}

bool LessonFolder::redacted(std::string_view track, std::uint32_t sequence) const {
  return impl_->index.redacted(track, sequence);
}

bool LessonFolder::redaction_pending() const {
  return impl_->index.redaction_pending();
}

LessonTime LessonFolder::recorded_from() const {
  LessonTime from;
  for (const auto& track : impl_->index.tracks()) {
    for (const auto& epoch : track.epochs) {
      if (epoch.fragments.empty()) continue;
      const auto& first = std::get<FragmentRecord>(impl_->records[epoch.fragments.front()].record);
      from = std::min(from, LessonTime{ns_from_ticks(first.start_ticks, epoch.event.timescale)});
    }
  }
  return from;
}

Nanoseconds LessonFolder::duration() const {
  std::optional<Nanoseconds> stopped;
  impl_->each<StopEvent>(
      [&](const StopEvent& stop) { stopped = std::chrono::milliseconds(stop.duration_ms); });
  return stopped.value_or(impl_->recorded_until());
}

std::vector<Digest> LessonFolder::leaf_hashes() const {
  std::vector<Digest> leaves;
  leaves.reserve(impl_->records.size() + 1);
  leaves.push_back(leaf_hash(as_bytes(impl_->lesson_json)));
  for (const auto& stored : impl_->records) leaves.push_back(leaf_hash(stored.bytes));
  return leaves;
}

TimeRange LessonFolder::whole() const {
  const auto end_ms =
      (duration().count() + kNsPerMs - 1) / kNsPerMs;  // a lesson that still runs ends between two ms
  return {LessonTime{0}, LessonTime::from_ms(end_ms)};
}

Result<LessonFolder::SourceMovie> LessonFolder::movie(std::string_view source,
                                                      std::optional<TimeRange> range) const {
  return make_source_movie(impl_->records, impl_->index, source, range.value_or(whole()));
}

Result<std::vector<LessonFolder::SourceMovie>> LessonFolder::movies(std::string_view source,
                                                                    std::optional<TimeRange> range) const {
  return make_source_movies(impl_->records, impl_->index, source, range.value_or(whole()));
}

Result<std::vector<TimeRange>> LessonFolder::parts(std::string_view source,
                                                   std::optional<TimeRange> range) const {
  return source_parts(impl_->records, impl_->index, source, range.value_or(whole()));
}

}  // namespace shilu::journal
