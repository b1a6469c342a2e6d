// capture/bmff: fragment_reader, sample_entry, clip_layout; and what is built from what they read: listing,
// select_fragments, sample_tables, movie. The first byte chooses.

#include "capture/bmff/fragment_reader.h"
#include "capture/bmff/fragment_writer.h"
#include "capture/bmff/movie.h"
#include "tests/fuzz/fuzz.h"

using namespace shilu;
using namespace shilu::bmff;

namespace {

enum Part : std::uint8_t { kHeader, kFragment, kLayout, kMovie, kParts };

void set_u32(Bytes& bytes, std::size_t at, std::size_t value) {
  if (bytes.size() < at + 4) return;
  for (std::size_t i = 0; i < 4; ++i) bytes[at + i] = static_cast<std::uint8_t>(value >> (24 - 8 * i));
}
std::size_t u32_at(ByteView bytes, std::size_t at) {
  return bytes.size() < at + 4 ? 0 : ByteReader(bytes.subspan(at)).u32();
}

// A fragment whose sizes, counts and offsets are those of its sample entries.
Bytes mended_fragment(ByteView input) {
  constexpr std::size_t kBefore = 5;  // the choice and the timescale
  constexpr std::size_t kEntries = 88;
  if (input.size() < kBefore + kEntries + 28 || input[0] % kParts != kFragment) return {};
  Bytes out(input.begin(), input.end());
  const ByteView moof = input.subspan(kBefore);
  const bool video = u32_at(moof, 76) == 0x000f01;
  const std::size_t entry = video ? 16 : 12;
  const std::size_t count = std::min<std::size_t>(std::max<std::size_t>(u32_at(moof, 80) % 8, 1),
                                                  (moof.size() - kEntries - 8) / entry);
  const std::size_t moof_size = kEntries + count * entry;
  std::size_t payload = 0;
  for (std::size_t i = 0; i < count; ++i) payload += u32_at(moof, kEntries + i * entry + 4);
  set_u32(out, kBefore, moof_size);
  set_u32(out, kBefore + 24, moof_size - 24);  // traf
  set_u32(out, kBefore + 68, moof_size - 68);  // trun
  set_u32(out, kBefore + 80, count);
  set_u32(out, kBefore + 84, moof_size + 8);
  set_u32(out, kBefore + moof_size, payload + 8);  // mdat
  for (std::size_t i = 0; i < 4; ++i) out[kBefore + moof_size + 4 + i] = static_cast<std::uint8_t>("mdat"[i]);
  return out;
}

void read_header(ByteView bytes) {
  const auto parameters = parse_track_header(bytes);
  if (!parameters) return;
  const auto again = track_header(*parameters);
  fuzz::promise(again && std::equal(again->begin(), again->end(), bytes.begin(), bytes.end()),
                "a header is what its parameters write");
}

void read_fragment(fuzz::Input input) {
  const auto timescale = input.u32();
  const ByteView bytes = input.rest();
  const auto whole = parse_fragment(bytes, timescale);
  if (whole) fuzz::promise(whole->total_size <= bytes.size(), "a fragment lies in its bytes");
  const auto head = parse_fragment(bytes, timescale, u32_at(bytes, 0) + std::uint64_t{100});
  if (head) fuzz::promise(!head->samples.empty(), "a fragment has samples");
}

void read_layout(ByteView bytes) {
  const auto read = [bytes](std::uint64_t offset, std::size_t size) {
    return fuzz::MemoryFile(bytes).read_at(offset, size);
  };
  const auto layout = parse_clip_layout(read, bytes.size());
  if (!layout) return;
  for (const auto& part : layout->fragments)
    fuzz::promise(part.offset < bytes.size() && part.size <= bytes.size() - part.offset,
                  "a part lies in the file");
}

CodecParameters parameters_of(fuzz::Input& input, bool video) {
  CodecParameters parameters;
  parameters.timescale = input.u32();
  const ByteView configuration = input.take(video ? 20 : 2);
  parameters.configuration.assign(configuration.begin(), configuration.end());
  if (video) {
    parameters.width = parameters.height = 64;
  } else {
    parameters.codec = Codec::kAac;
    parameters.sample_rate = parameters.timescale;
    parameters.channels = 1;
  }
  return parameters;
}

// Only what parse_fragment lets through.
FragmentIndex index_of(fuzz::Input& input, bool video, std::uint32_t timescale, std::uint32_t sequence) {
  FragmentIndex index;
  index.sequence = sequence;
  const std::uint64_t ticks = input.u64() % (std::uint64_t{timescale} * 31'622'400 + 1);
  index.decode_ticks = static_cast<std::int64_t>(ticks) - 120 * static_cast<std::int64_t>(timescale);
  for (auto count = input.u8() % 16 + 1; count > 0; --count) {
    SampleEntry entry;
    entry.duration = std::max<std::uint32_t>(input.u32(), 1);
    entry.size = std::max<std::uint32_t>(input.u16(), 1);
    entry.composition_offset = video ? input.u32() : 0;
    entry.sync = input.u8() % 2 == 0;
    index.payload_size += entry.size;
    index.samples.push_back(entry);
  }
  index.payload_offset = fragment_head_size(video ? MediaKind::kVideo : MediaKind::kAudio,
                                            static_cast<std::uint32_t>(index.samples.size()));
  index.total_size = index.payload_offset + index.payload_size;
  return index;
}

void make_movie(fuzz::Input input) {
  const std::int64_t from = input.u32() % 100'000'000;
  const TimeRange range{LessonTime::from_ms(from), LessonTime::from_ms(from + input.u32() % 90'000'000)};
  std::vector<MovieTrack> tracks;
  for (const bool video : {true, false}) {
    MovieTrack track{static_cast<std::uint16_t>(video ? 0 : 1), parameters_of(input, video), {}};
    if (track.parameters.timescale == 0) return;
    std::uint64_t offset = 0;
    for (std::uint32_t left = input.u8() % 8, i = 0; i < left; ++i) {
      track.fragments.push_back({index_of(input, video, track.parameters.timescale, i), 0, offset});
      offset += track.fragments.back().index.total_size;
    }
    track.fragments = select_fragments(track.fragments, track.parameters, range);
    tracks.push_back(std::move(track));
  }
  const auto movie = build_movie(tracks, range);
  if (!movie) return;
  std::uint64_t size = movie->header.size();
  for (const auto& extent : movie->extents) size += extent.size;
  fuzz::promise(size == movie->size_bytes, "a movie is its header and its parts");
}

}  // namespace

std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t max_size,
                                    unsigned seed) {
  return fuzz::mutate_and_repair(data, size, max_size, seed, mended_fragment);
}

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  switch (input.u8() % kParts) {
    case kHeader:
      read_header(input.rest());
      break;
    case kFragment:
      read_fragment(input);
      break;
    case kLayout:
      read_layout(input.rest());
      break;
    default:
      make_movie(input);
  }
  return 0;
}
