#include "capture/bmff/fragment_writer.h"

#include <algorithm>
#include <cstdlib>

#include "capture/bmff/boxes.h"
#include "capture/bmff/fragment_shape.h"
#include "capture/bmff/moov.h"
#include "capture/bmff/sample_entry.h"
#include "firmware/base/log.h"
#include "firmware/lesson/lesson_time.h"

namespace shilu::bmff {
namespace {

constexpr std::uint64_t kMaxFragment = 1u << 31;

// The recorder's duties (docs/ref/fragments.md); a fragment that breaks them must never reach the disk.
void require(bool condition, std::string_view what) {
  if (condition) return;
  log_error("bmff: a fragment cannot be built: {}", what);
  std::abort();
}

std::uint64_t first_file_ticks(const CodecParameters& parameters, const Sample& first) {
  const auto ticks = first.decode_ticks + kFileTimeOffsetSeconds * parameters.timescale;
  require(ticks >= 0, "it begins more than 120 s before the lesson");
  return static_cast<std::uint64_t>(ticks);
}

void put_empty_tables(Bytes& out) {
  for (const auto* type : {"stts", "stsc"}) put_full_box(out, type, 0, 0, [&] { put_u32(out, 0); });
  put_full_box(out, "stsz", 0, 0, [&] { put_zeros(out, 8); });
  put_full_box(out, "stco", 0, 0, [&] { put_u32(out, 0); });
}

void put_mvex(Bytes& out) {
  put_box(out, "mvex", [&] {
    put_full_box(out, "trex", 0, 0, [&] {
      put_u32(out, 1);
      put_u32(out, 1);
      put_zeros(out, 12);
    });
  });
}

void put_trun(Bytes& out, bool video, std::size_t data_offset, std::span<const Sample> samples) {
  put_full_box(out, "trun", 0, video ? kTrunVideo : kTrunAudio, [&] {
    put_u32(out, static_cast<std::uint32_t>(samples.size()));
    put_u32(out, static_cast<std::uint32_t>(data_offset));
    for (const auto& sample : samples) {
      put_u32(out, sample.duration);
      put_u32(out, static_cast<std::uint32_t>(sample.data.size()));
      put_u32(out, sample.sync ? kSyncSample : kDependentSample);
      if (video) put_u32(out, sample.composition_offset);
    }
  });
}

void put_moof(Bytes& out, const CodecParameters& parameters, std::uint32_t sequence,
              std::span<const Sample> samples) {
  const bool video = is_video(parameters);
  const auto size = kMoofBeforeEntries + samples.size() * entry_size(video);
  put_box(out, "moof", [&] {
    put_full_box(out, "mfhd", 0, 0, [&] { put_u32(out, sequence + 1); });
    put_box(out, "traf", [&] {
      put_full_box(out, "tfhd", 0, kTfhdFlags, [&] { put_u32(out, 1); });
      put_full_box(out, "tfdt", 1, 0, [&] { put_u64(out, first_file_ticks(parameters, samples.front())); });
      put_trun(out, video, size + kBoxHeaderSize, samples);
    });
  });
  require(out.size() == size, "its moof has not the documented size");
}

}  // namespace

Result<Bytes> track_header(const CodecParameters& parameters) {
  SHILU_CHECK(check_parameters(parameters));
  Bytes out;
  put_ftyp(out, "iso6", {"iso6", "cmfc", "mp41"});
  put_box(out, "moov", [&] {
    put_mvhd(out, 0, 2);
    put_trak(
        out, parameters, TrackHeader{}, [] {}, [&] { put_empty_tables(out); });
    put_mvex(out);
  });
  return out;
}

Result<CodecParameters> parse_track_header(ByteView header) {
  auto rest = header;
  SHILU_CHECK(take_box(rest, "ftyp").map([](ByteView) {}));
  SHILU_TRY(const auto moov, take_box(rest, "moov"));
  SHILU_TRY(const auto trak, find_box(moov, "trak"));
  SHILU_TRY(const auto mdia, find_box(trak, "mdia"));
  SHILU_TRY(const auto mdhd, find_box(mdia, "mdhd"));
  SHILU_TRY(const auto minf, find_box(mdia, "minf"));
  SHILU_TRY(const auto stbl, find_box(minf, "stbl"));
  SHILU_TRY(const auto stsd, find_box(stbl, "stsd"));
  ByteReader reader(mdhd);
  reader.bytes(12);
  SHILU_TRY(const auto parameters, read_sample_entry(stsd, reader.u32()));
  // Read leniently, held to the letter: only what track_header writes is a track's header.
  const auto expected = track_header(parameters);
  if (!expected) return corrupted(expected.error().message);
  if (!std::equal(expected->begin(), expected->end(), header.begin(), header.end())) {
    return corrupted("the track's header is not one that this program writes");
  }
  return parameters;
}

BuiltFragment build_fragment(const CodecParameters& parameters, std::uint32_t sequence,
                             std::span<const Sample> samples) {
  require(!samples.empty(), "it has no samples");
  std::uint64_t payload_size = 0;
  for (const auto& sample : samples) payload_size += sample.data.size();
  const auto moof_size = kMoofBeforeEntries + samples.size() * entry_size(is_video(parameters));
  require(moof_size + kBoxHeaderSize + payload_size < kMaxFragment, "it is 2 GiB or larger");
  BuiltFragment built;
  built.bytes.reserve(moof_size + kBoxHeaderSize + payload_size);
  put_moof(built.bytes, parameters, sequence, samples);
  put_u32(built.bytes, static_cast<std::uint32_t>(kBoxHeaderSize + payload_size));
  put_type(built.bytes, "mdat");
  built.payload_offset = built.bytes.size();
  for (const auto& sample : samples) put_bytes(built.bytes, sample.data);
  return built;
}

}  // namespace shilu::bmff
