#include "capture/monitor/track_watch.h"

#include <fmt/format.h>

#include <algorithm>

#include "capture/bmff/fragment_writer.h"

namespace shilu::monitor {
namespace {

constexpr std::uint64_t kFirstRead = 256u << 10;  // the head and, most often, the key picture
constexpr std::uint64_t kMaxHeader = 64u << 10;
constexpr Nanoseconds kGap = std::chrono::milliseconds(500);

Status corrupted(const std::string& what) {
  return fail(ErrorKind::kCorrupted, what);
}

Result<Bytes> read(File& file, const std::filesystem::path& name, std::uint64_t offset, std::uint64_t size) {
  SHILU_TRY(Bytes bytes, file.read_at(offset, size));
  if (bytes.size() == size) return bytes;
  return fail(ErrorKind::kCorrupted, fmt::format("{} is shorter than was told", name.string()));
}

}  // namespace

// Its header is two boxes, ftyp and moov (docs/ref/fragments.md). Where the decoder cannot be opened nothing
// has changed: the next fragment tries it again.
Status TrackWatch::open_epoch(const std::filesystem::path& file) {
  if (file_ && file == file_name_) return {};
  SHILU_TRY(auto opened, posix_file_system().open(file, OpenMode::kRead));
  std::uint64_t size = 0;
  for (int box = 0; box < 2; ++box) {
    SHILU_TRY(const auto head, read(*opened, file, size, 4));
    size += ByteReader(head).u32();
    if (size > kMaxHeader) return corrupted("the header of " + file.string() + " is too large");
  }
  SHILU_TRY(const auto header, read(*opened, file, 0, size));
  SHILU_TRY(auto parameters, bmff::parse_track_header(header));
  if (kind_ == MediaKind::kVideo) {
    SHILU_TRY(pictures_, media::KeyPictures::open(parameters));
  } else {
    SHILU_TRY(sound_, media::SoundUnits::open(parameters));
    sound_watch_.reset();
  }
  parameters_ = std::move(parameters);
  file_ = std::move(opened);
  file_name_ = file;
  return {};
}

Status TrackWatch::take(const FragmentPlace& place) {
  SHILU_CHECK(open_epoch(place.file));
  const std::uint64_t whole = place.size;
  const auto first = kind_ == MediaKind::kAudio ? whole : std::min(whole, kFirstRead);
  SHILU_TRY(auto bytes, read(*file_, file_name_, place.offset, first));
  SHILU_TRY(const auto index, bmff::parse_fragment(bytes, parameters_.timescale, whole));
  if (index.samples.empty()) return {};
  if (kind_ == MediaKind::kAudio) {
    listen(index, bytes);
  } else if (index.samples.front().sync) {
    const auto needed = index.payload_offset + index.samples.front().size;
    if (needed > bytes.size()) {
      SHILU_TRY(bytes, read(*file_, file_name_, place.offset, needed));
    }
    SHILU_CHECK(look(index, bytes));
  }
  return {};
}

Status TrackWatch::look(const bmff::FragmentIndex& index, ByteView fragment) {
  const auto& key = index.samples.front();
  if (index.payload_offset + key.size > fragment.size())
    return corrupted("the key picture lies outside its fragment");
  SHILU_TRY(const auto picture, pictures_->small(fragment.subspan(index.payload_offset, key.size)));
  end_ = {ns_from_ticks(index.decode_ticks, parameters_.timescale)};
  picture_watch_.add(picture, end_);
  note(AlarmKind::kBlack, picture_watch_.black());
  note(AlarmKind::kFrozen, still_ == StillPicture::kFault && picture_watch_.frozen());
  return {};
}

void TrackWatch::listen(const bmff::FragmentIndex& index, ByteView fragment) {
  const LessonTime begin{ns_from_ticks(index.decode_ticks, parameters_.timescale)};
  if (sound_watch_ && begin - end_ > kGap) sound_watch_->restart();
  auto offset = index.payload_offset;
  for (const auto& sample : index.samples) {
    if (offset + sample.size > fragment.size()) return;
    const auto samples = sound_->samples(fragment.subspan(offset, sample.size));
    if (!samples.empty() && !sound_watch_) sound_watch_.emplace(sound_->sample_rate(), sound_->channels());
    if (sound_watch_) sound_watch_->add(samples);
    offset += sample.size;
  }
  end_ = begin +
         Nanoseconds(ns_from_ticks(static_cast<std::int64_t>(index.duration_ticks()), parameters_.timescale));
  if (!sound_watch_) return;
  note(AlarmKind::kNoSound, sound_watch_->silent());
  note(AlarmKind::kClipping, sound_watch_->clipping());
  note(AlarmKind::kHumOnly, sound_watch_->hum_only());
}

void TrackWatch::note(AlarmKind kind, bool raised) {
  const auto found =
      std::find_if(alarms_.begin(), alarms_.end(), [&](const Alarm& one) { return one.kind == kind; });
  if (raised && found == alarms_.end()) alarms_.push_back({track_, kind, end_});
  if (!raised && found != alarms_.end()) alarms_.erase(found);
}

std::vector<Alarm> TrackWatch::alarms() const {
  return alarms_;
}

}  // namespace shilu::monitor
