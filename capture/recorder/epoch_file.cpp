#include "capture/recorder/epoch_file.h"

#include <fmt/format.h>

#include <algorithm>

#include "capture/bmff/fragment_writer.h"

namespace shilu::recorder {
namespace {

constexpr std::uint64_t kVideoStep = 16u << 20;
constexpr std::uint64_t kAudioStep = 1u << 20;

std::uint64_t step_of(const TrackFormat& format) {
  return format.parameters.codec == Codec::kAac ? kAudioStep : kVideoStep;
}

std::vector<bmff::Sample> samples_of(const Fragment& fragment) {
  std::vector<bmff::Sample> samples;
  samples.reserve(fragment.samples.size());
  for (const auto& sample : fragment.samples) {
    samples.push_back(
        {sample.data, sample.decode_ticks, sample.duration, sample.composition_offset, sample.sync});
  }
  return samples;
}

std::uint16_t flags_of(const Fragment& fragment) {
  return static_cast<std::uint16_t>((fragment.key() ? journal::kKey : 0) |
                                    (fragment.closed_at_limit ? journal::kClosedAtLimit : 0) |
                                    (fragment.clock_suspect ? journal::kClockSuspect : 0));
}

std::uint32_t expected_samples(const Fragment& fragment) {
  const std::uint64_t nominal = fragment.format->nominal_ticks;
  if (nominal == 0) return static_cast<std::uint32_t>(fragment.samples.size());
  const auto duration = static_cast<std::uint64_t>(fragment.end_ticks() - fragment.start_ticks());
  return static_cast<std::uint32_t>((duration + nominal / 2) / nominal);
}

}  // namespace

Result<std::shared_ptr<EpochFile>> EpochFile::create(FileSystem& files,
                                                     const std::filesystem::path& directory,
                                                     const std::string& track, std::uint16_t number,
                                                     std::shared_ptr<const TrackFormat> format) {
  const auto folder = directory / track;
  auto file = std::shared_ptr<EpochFile>(new EpochFile());
  file->path_ = folder / fmt::format("e{:03}.mp4", number);
  file->track_ = track;
  file->number_ = number;
  file->format_ = std::move(format);
  SHILU_CHECK(files.create_directories(folder));
  if (files.exists(file->path_)) SHILU_CHECK(files.remove(file->path_));
  SHILU_TRY(file->file_, files.open(file->path_, OpenMode::kCreate));
  SHILU_CHECK(file->file_->write_at(0, file->format_->header));
  SHILU_CHECK(files.sync_directory(folder));
  file->end_ = file->header_size();
  return file;
}

// A full disk shows here, while there is still room for the journal's last records.
Status EpochFile::reserve_for(std::uint64_t size, bool ahead) {
  const auto end = end_ + size;
  if (end <= reserved_until_) return {};
  const auto wanted = ahead ? std::max(size, step_of(*format_)) : size;
  auto reserved = file_->reserve(end_, wanted);
  reserved_until_ = end_ + wanted;
  if (!reserved && reserved.error().kind == ErrorKind::kStorageFull && wanted > size) {
    reserved = file_->reserve(end_, size);
    reserved_until_ = end;
  }
  if (reserved || reserved.error().kind == ErrorKind::kStorageFull) return reserved;
  return {};  // only an optimisation failed; a sick disk shows in the write
}

Result<journal::FragmentRecord> EpochFile::append(const Fragment& fragment, std::uint32_t sequence,
                                                  bool ahead) {
  const auto built = bmff::build_fragment(format_->parameters, sequence, samples_of(fragment));
  SHILU_CHECK(reserve_for(built.bytes.size(), ahead));
  SHILU_CHECK(file_->write_at(end_, built.bytes));
  journal::FragmentRecord record;
  record.epoch = number_;
  record.flags = flags_of(fragment);
  record.sequence = sequence;
  record.size = static_cast<std::uint32_t>(built.bytes.size());
  record.offset = end_;
  record.start_ticks = fragment.start_ticks();
  record.duration_ticks = static_cast<std::uint64_t>(fragment.end_ticks() - fragment.start_ticks());
  record.samples = static_cast<std::uint32_t>(fragment.samples.size());
  record.samples_expected = expected_samples(fragment);
  record.fragment_sha256 = sha256(built.bytes);
  record.payload_sha256 = sha256(ByteView(built.bytes).subspan(built.payload_offset));
  end_ += built.bytes.size();
  return record;
}

Status EpochFile::give_back() {
  if (reserved_until_ <= end_) return {};
  SHILU_CHECK(file_->truncate(end_));
  reserved_until_ = end_;
  return {};
}

Status EpochFile::cut(std::uint64_t size) {
  SHILU_CHECK(file_->truncate(size));
  return file_->sync_data();
}

journal::EpochEvent EpochFile::event(std::uint16_t track_number) const {
  journal::EpochEvent event;
  event.track = track_number;
  event.name = track_;
  event.epoch = number_;
  event.codec = rfc6381(format_->parameters);
  event.timescale = format_->parameters.timescale;
  event.width = format_->parameters.width;
  event.height = format_->parameters.height;
  event.sample_rate = format_->parameters.sample_rate;
  event.channels = format_->parameters.channels;
  event.nominal_ticks = format_->nominal_ticks;
  event.header_size = static_cast<std::uint32_t>(format_->header.size());
  event.header_sha256 = sha256(format_->header);
  return event;
}

}  // namespace shilu::recorder
