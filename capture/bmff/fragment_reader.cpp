#include "capture/bmff/fragment_reader.h"

#include <fmt/format.h>

#include "capture/bmff/boxes.h"
#include "capture/bmff/fragment_shape.h"
#include "firmware/lesson/lesson_time.h"

namespace shilu::bmff {
namespace {

// Lesson times beyond a year are nobody's; the bound keeps every later sum of ticks far from overflow.
constexpr std::uint64_t kMaxSeconds = 366u * 86'400u;

// A full box of exactly this type, version and flags: its content.
Result<ByteView> take_full_box(ByteView& rest, std::string_view type, std::uint32_t version_and_flags) {
  SHILU_TRY(const auto body, take_box(rest, type));
  ByteReader reader(body);
  const auto found = reader.u32();
  if (!reader.ok() || found != version_and_flags) {
    return corrupted(fmt::format("the box \"{}\" has version and flags {:08x}, not {:08x}", type, found,
                                 version_and_flags));
  }
  return body.subspan(4);
}

Result<std::uint32_t> take_u32_box(ByteView& rest, std::string_view type, std::uint32_t version_and_flags) {
  SHILU_TRY(const auto body, take_full_box(rest, type, version_and_flags));
  if (body.size() != 4) return corrupted(fmt::format("the box \"{}\" has not the size it must have", type));
  return ByteReader(body).u32();
}

Status read_sequence(ByteView& rest, FragmentIndex& index) {
  SHILU_TRY(const auto number, take_u32_box(rest, "mfhd", 0));
  if (number == 0) return corrupted("the fragment's number is 0");
  index.sequence = number - 1;
  return {};
}

Status read_decode_time(ByteView& rest, std::uint32_t timescale, FragmentIndex& index) {
  SHILU_TRY(const auto body, take_full_box(rest, "tfdt", 1u << 24));
  if (body.size() != 8) return corrupted("the box \"tfdt\" has not the size it must have");
  const auto ticks = ByteReader(body).u64();
  if (ticks / timescale > kMaxSeconds)
    return corrupted("the fragment's decode time is more than a year away");
  index.decode_ticks =
      static_cast<std::int64_t>(ticks) - kFileTimeOffsetSeconds * static_cast<std::int64_t>(timescale);
  return {};
}

Result<SampleEntry> read_entry(ByteReader& reader, bool video) {
  SampleEntry entry;
  entry.duration = reader.u32();
  entry.size = reader.u32();
  const auto flags = reader.u32();
  if (video) entry.composition_offset = reader.u32();
  entry.sync = flags == kSyncSample;
  if (!entry.sync && flags != kDependentSample)
    return corrupted(fmt::format("sample flags {:08x} are unknown", flags));
  if (entry.size == 0 || entry.duration == 0) return corrupted("a sample has no bytes or no duration");
  return entry;
}

// The trun's body behind version and flags. `data_offset` is where the payload begins, from the moof.
Status read_samples(ByteView body, bool video, std::size_t data_offset, FragmentIndex& index) {
  ByteReader reader(body);
  const std::uint64_t count = reader.u32();
  const auto offset = reader.u32();
  if (!reader.ok() || count == 0 || count * entry_size(video) != reader.remaining()) {
    return corrupted(fmt::format("the trun claims {} samples in {} bytes", count, body.size()));
  }
  if (offset != data_offset) return corrupted("the trun points elsewhere than behind its moof");
  index.samples.reserve(count);  // bounded by the bytes that are there
  for (std::uint64_t i = 0; i < count; ++i) {
    SHILU_TRY(const auto entry, read_entry(reader, video));
    index.payload_size += entry.size;
    index.samples.push_back(entry);
  }
  return {};
}

Status read_run(ByteView& rest, std::size_t data_offset, FragmentIndex& index) {
  auto peek = rest;
  SHILU_TRY(const auto body, take_box(peek, "trun"));
  ByteReader reader(body);
  const bool video = reader.u32() == kTrunVideo;
  SHILU_TRY(const auto content, take_full_box(rest, "trun", video ? kTrunVideo : kTrunAudio));
  return read_samples(content, video, data_offset, index);
}

Status read_moof(ByteView moof, std::uint32_t timescale, std::size_t data_offset, FragmentIndex& index) {
  SHILU_CHECK(read_sequence(moof, index));
  SHILU_TRY(auto traf, take_box(moof, "traf"));
  if (!moof.empty()) return corrupted("the moof holds more than one traf");
  SHILU_TRY(const auto track, take_u32_box(traf, "tfhd", kTfhdFlags));
  if (track != 1) return corrupted("the fragment is of another track than 1");
  SHILU_CHECK(read_decode_time(traf, timescale, index));
  SHILU_CHECK(read_run(traf, data_offset, index));
  if (!traf.empty()) return corrupted("the traf holds more than one trun");
  return {};
}

// Only the header of the mdat need be there.
Status read_mdat(ByteView rest, std::uint64_t payload_size) {
  ByteReader reader(rest);
  const std::uint64_t size = reader.u32();
  const auto type = as_text(reader.bytes(4));
  if (!reader.ok() || type != "mdat") return corrupted("no mdat follows the moof");
  if (size != kBoxHeaderSize + payload_size) {
    return corrupted(
        fmt::format("the mdat claims {} bytes, its samples take {}", size, kBoxHeaderSize + payload_size));
  }
  return {};
}

}  // namespace

std::uint64_t FragmentIndex::duration_ticks() const {
  std::uint64_t sum = 0;
  for (const auto& sample : samples) sum += sample.duration;
  return sum;
}

std::uint64_t fragment_head_size(MediaKind kind, std::uint32_t samples) {
  return kMoofBeforeEntries + std::uint64_t{samples} * entry_size(kind == MediaKind::kVideo) + kBoxHeaderSize;
}

Result<FragmentIndex> parse_fragment(ByteView bytes, std::uint32_t timescale,
                                     std::optional<std::uint64_t> known_size) {
  if (timescale == 0) return fail(ErrorKind::kInvalidArgument, "the timescale is 0");
  auto rest = bytes;
  SHILU_TRY(const auto moof, take_box(rest, "moof"));
  FragmentIndex index;
  index.payload_offset = moof.size() + 2 * kBoxHeaderSize;
  SHILU_CHECK(read_moof(moof, timescale, index.payload_offset, index));
  SHILU_CHECK(read_mdat(rest, index.payload_size));
  index.total_size = index.payload_offset + index.payload_size;
  if (known_size ? index.total_size != *known_size : index.total_size > bytes.size()) {
    return corrupted(fmt::format("the fragment takes {} bytes where {} are there", index.total_size,
                                 known_size.value_or(bytes.size())));
  }
  return index;
}

}  // namespace shilu::bmff
