#include "tests/journal/lesson_fixture.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>

#include "capture/bmff/fragment_writer.h"
#include "capture/journal/journal_writer.h"
#include "firmware/base/ids.h"
#include "tests/base/test_keys.h"
#include "tests/bmff/media_fixture.h"

namespace shilu::test {
namespace {

using namespace journal;
using std::filesystem::path;

constexpr std::int64_t kNsPerMs = 1'000'000;
constexpr std::int64_t kTick = 1'000 * kNsPerMs;
constexpr std::int64_t kCheckpointEvery = 10 * kTick;

template <typename T>
T must(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().message);
  return std::move(*result);
}
void must(const Status& status) {
  if (!status) throw std::runtime_error(status.error().message);
}

// The samples of one fragment.
struct Group {
  std::size_t begin = 0;
  std::size_t end = 0;
};

// One track of a recipe: which fragments it has, and writing them.
class TrackScript {
 public:
  TrackScript(const SourceRecipe& recipe, MediaKind kind, std::uint16_t number, std::int64_t duration_ms,
              path directory)
      : recipe_(recipe),
        name_(track_name(recipe.name, kind)),
        number_(number),
        media_(read_media(recipe.media.empty() ? classroom_media() : recipe.media, kind)),
        directory_(directory / name_),
        duration_(ticks(duration_ms)),
        shift_(ticks(recipe.starts_ms)) {
    if (kind == MediaKind::kVideo) {
      group_pictures();
    } else {
      group_sound();
    }
  }

  // Calls add(at_ns, action) for everything that happens, in order of time.
  template <typename Add>
  void script(JournalWriter& journal, Add&& add) {
    auto covered = std::int64_t{0};
    for (std::size_t i = 0; i < groups_.size(); ++i) {
      const auto from = start(groups_[i].begin);
      const bool gap = from - covered > tolerance();
      if (gap) script_gap(journal, covered, from, i == 0 ? "late-start" : "", add);
      add(ns(end(groups_[i].end - 1)), [this, &journal, i, gap] { write(journal, groups_[i], gap); });
      covered = std::max(covered, end(groups_[i].end - 1));
    }
    if (duration_ - covered > tolerance()) script_gap(journal, covered, duration_, "source-ended", add);
  }

  void sync() {
    if (file_) must(file_->sync_data());
  }

 private:
  std::int64_t ticks(std::int64_t ms) const {
    return ticks_from_ns(ms * kNsPerMs, media_.parameters.timescale);
  }
  std::int64_t ns(std::int64_t t) const { return ns_from_ticks(t, media_.parameters.timescale); }
  std::int64_t start(std::size_t sample) const { return media_.samples[sample].decode + shift_; }
  std::int64_t end(std::size_t sample) const { return start(sample) + media_.samples[sample].duration; }
  std::int64_t tolerance() const { return std::max<std::int64_t>(media_.nominal_ticks, ticks(1)); }

  const HoleRecipe* hole_at(std::int64_t from, std::int64_t to) const {
    for (const auto& hole : recipe_.holes) {
      if (ticks(hole.from_ms) < to && from < ticks(hole.to_ms)) return &hole;
    }
    return nullptr;
  }

  void keep(Group group) {
    const bool wanted = group.begin < group.end && start(group.begin) < duration_;
    if (wanted && hole_at(start(group.begin), end(group.end - 1)) == nullptr) groups_.push_back(group);
  }

  void group_pictures() {
    std::size_t begin = 0;
    for (std::size_t i = 1; i <= media_.samples.size(); ++i) {
      if (i < media_.samples.size() && !media_.samples[i].sync) continue;
      keep({begin, i});
      begin = i;
    }
  }

  // Whole frames, closed at 1 s; a hole closes one early.
  void group_sound() {
    std::size_t begin = 0;
    for (std::size_t i = 0; i < media_.samples.size(); ++i) {
      const bool hole = hole_at(start(i), end(i)) != nullptr;
      const bool full = end(i) - start(begin) > media_.parameters.timescale;
      if (!hole && !full) continue;
      keep({begin, i});
      begin = hole ? i + 1 : i;
    }
    keep({begin, media_.samples.size()});
  }

  template <typename Add>
  void script_gap(JournalWriter& journal, std::int64_t from, std::int64_t to, std::string reason, Add&& add) {
    const auto* hole = hole_at(from, to);
    if (reason.empty()) reason = hole == nullptr ? "source-lost" : hole->reason;
    const EventRecord event{LessonTime{ns(to)},
                            GapEvent{name_, LessonTime{ns(from)}, LessonTime{ns(to)}, reason}};
    add(ns(to), [&journal, event] { journal.append(event); });
  }

  std::ptrdiff_t due(const std::vector<std::int64_t>& times_ms, std::int64_t at) const {
    return std::count_if(times_ms.begin(), times_ms.end(), [&](std::int64_t ms) { return ticks(ms) <= at; });
  }
  std::ptrdiff_t sizes_due(std::int64_t at) const {
    return media_.parameters.width == 0 ? 0 : due(recipe_.new_sizes_ms, at);
  }
  bool epoch_is_due(std::int64_t at) const {
    return !file_ || epoch_ < due(recipe_.new_epochs_ms, at) + sizes_due(at);
  }

  void begin_epoch(JournalWriter& journal, std::int64_t at) {
    if (file_) ++epoch_;
    for (; sizes_ < sizes_due(at); ++sizes_) media_.parameters.width += 16;
    sync();
    const auto header = must(bmff::track_header(media_.parameters));
    must(posix_file_system().create_directories(directory_));
    file_ = must(posix_file_system().open(directory_ / fmt::format("e{:03}.mp4", epoch_), OpenMode::kCreate));
    must(file_->write_at(0, header));
    must(posix_file_system().sync_directory(directory_));
    position_ = header.size();
    const auto& p = media_.parameters;
    journal.append(
        EventRecord{LessonTime{ns(at)},
                    EpochEvent{number_, name_, static_cast<std::uint16_t>(epoch_), rfc6381(p), p.timescale,
                               p.width, p.height, p.sample_rate, p.channels, media_.nominal_ticks,
                               static_cast<std::uint32_t>(header.size()), sha256(header)}});
  }

  void write(JournalWriter& journal, Group group, bool gap_before) {
    const auto from = start(group.begin);
    if (epoch_is_due(from)) begin_epoch(journal, from);
    std::vector<bmff::Sample> samples;
    for (auto i = group.begin; i < group.end; ++i) samples.push_back(media_.samples[i].at(shift_));
    const auto built = bmff::build_fragment(media_.parameters, sequence_, samples);
    must(file_->write_at(position_, built.bytes));
    const ByteView bytes(built.bytes);
    FragmentRecord record;
    record.track = number_;
    record.epoch = static_cast<std::uint16_t>(epoch_);
    record.flags = static_cast<std::uint16_t>((samples[0].sync ? kKey : 0) | (gap_before ? kGapBefore : 0));
    record.sequence = sequence_++;
    record.size = static_cast<std::uint32_t>(bytes.size());
    record.offset = position_;
    record.start_ticks = from;
    record.duration_ticks = static_cast<std::uint64_t>(end(group.end - 1) - from);
    record.samples = static_cast<std::uint32_t>(samples.size());
    record.samples_expected = record.samples;
    record.fragment_sha256 = sha256(bytes);
    record.payload_sha256 = sha256(bytes.subspan(built.payload_offset));
    journal.append(record);
    position_ += bytes.size();
  }

  SourceRecipe recipe_;
  std::string name_;
  std::uint16_t number_;
  MediaTrack media_;
  path directory_;
  std::int64_t duration_;
  std::int64_t shift_;
  std::vector<Group> groups_;
  std::unique_ptr<File> file_;
  int epoch_ = 0;
  std::ptrdiff_t sizes_ = 0;
  std::uint64_t position_ = 0;
  std::uint32_t sequence_ = 0;
};

struct Happening {
  std::int64_t at_ns = 0;
  std::function<void()> action;
};

LessonInfo info_of(const LessonRecipe& recipe, const KeyCertificate& certificate, const Clock& clock) {
  LessonInfo info;
  info.lesson_id = recipe.lesson_id.empty() ? new_uuid() : recipe.lesson_id;
  info.boot_id = boot_id();
  info.start_monotonic = clock.monotonic();
  info.start_wall = clock.wall();
  info.clock = clock.quality();
  for (const auto& source : recipe.sources) info.sources.push_back({source.name, "file", source.required});
  info.recording_certificate = certificate.envelope.to_json();
  info.software = "shilu 0.1.0";
  return info;
}

// Runs what happens in order of time, with the recorder's tick: media, then journal, then now and then a
// checkpoint.
class Director {
 public:
  Director(const LessonRecipe& recipe, JournalWriter& journal, const SigningKey& key, ManualClock& clock)
      : recipe_(recipe), journal_(journal), key_(key), clock_(clock) {}

  void run(std::vector<std::unique_ptr<TrackScript>>& tracks) {
    const auto add = [&](std::int64_t at, std::function<void()> action) {
      script_.push_back({at, std::move(action)});
    };
    for (auto& track : tracks) track->script(journal_, add);
    for (const auto& mark : recipe_.marks) {
      add(mark.at.ns, [&] { journal_.append(EventRecord{mark.at, MarkEvent{mark}}); });
    }
    std::stable_sort(script_.begin(), script_.end(),
                     [](const auto& a, const auto& b) { return a.at_ns < b.at_ns; });
    journal_.append(EventRecord{LessonTime{0}, StartEvent{to_rfc3339(clock_.wall())}});
    if (recipe_.subject) journal_.append(EventRecord{LessonTime{0}, SignInEvent{*recipe_.subject}});
    for (const auto& one : script_) {
      tick_to(one.at_ns, tracks);
      one.action();
    }
    finish(tracks);
  }

 private:
  void tick_to(std::int64_t at, std::vector<std::unique_ptr<TrackScript>>& tracks) {
    for (; now_ + kTick <= at; now_ += kTick) {
      clock_.advance(Nanoseconds(kTick));
      sync(tracks);
      if (now_ > 0 && now_ % kCheckpointEvery == 0) checkpoint("time");
    }
  }

  void sync(std::vector<std::unique_ptr<TrackScript>>& tracks) {
    for (auto& track : tracks) track->sync();
    must(journal_.sync());
  }

  void checkpoint(std::string_view reason) {
    must(journal_.checkpoint(key_, LessonTime{now_}, clock_, reason));
  }

  void finish(std::vector<std::unique_ptr<TrackScript>>& tracks) {
    now_ = recipe_.duration_ms * kNsPerMs;
    if (recipe_.stop) journal_.append(EventRecord{LessonTime{now_}, StopEvent{recipe_.duration_ms, "user"}});
    sync(tracks);
    if (recipe_.stop) checkpoint("stop");
  }

  const LessonRecipe& recipe_;
  JournalWriter& journal_;
  const SigningKey& key_;
  ManualClock& clock_;
  std::vector<Happening> script_;
  std::int64_t now_ = 0;
};

}  // namespace

WrittenLesson write_lesson(const path& directory, const LessonRecipe& recipe) {
  const auto keys = recipe.keys.empty() ? directory.parent_path() / "keys" : recipe.keys;
  const auto certified = test::certified(keys, KeyRole::kRecording);
  ManualClock clock;
  const auto info = info_of(recipe, certified.certificate, clock);
  auto journal = must(JournalWriter::create(posix_file_system(), directory, info.lesson_id, info.to_json()));
  std::vector<std::unique_ptr<TrackScript>> tracks;
  for (const auto& source : recipe.sources) {
    for (const auto kind : {MediaKind::kVideo, MediaKind::kAudio}) {
      if (kind == MediaKind::kAudio && !source.sound) continue;
      SourceRecipe script = source;
      if (kind == MediaKind::kVideo && !source.picture)
        script.holes = {{source.starts_ms, recipe.duration_ms, "source-lost"}};
      const auto number = static_cast<std::uint16_t>(tracks.size());
      tracks.push_back(std::make_unique<TrackScript>(script, kind, number, recipe.duration_ms, directory));
    }
  }
  Director(recipe, journal, certified.key, clock).run(tracks);
  return {directory, keys, info};
}

}  // namespace shilu::test
