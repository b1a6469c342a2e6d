// Bytes from outside: whatever stands there, the answer is an error or something that agrees with itself.

#include <catch2/catch.hpp>

#include <random>

#include "capture/bmff/fragment_writer.h"
#include "tests/bmff/movie_fixture.h"

namespace shilu {
namespace {

using namespace test;

Bytes patched(Bytes bytes, std::size_t at, std::uint32_t value) {
  for (std::size_t i = 0; i < 4; ++i) bytes.at(at + i) = static_cast<std::uint8_t>(value >> (24 - 8 * i));
  return bytes;
}

Bytes example_fragment(Codec codec) {
  static const auto video = read_media(classroom_media(), MediaKind::kVideo);
  static const auto sound = read_media(classroom_media(), MediaKind::kAudio);
  const auto& media = codec == Codec::kAac ? sound : video;
  std::vector<bmff::Sample> samples;
  for (std::size_t i = 0; i < 5; ++i) samples.push_back(media.samples[i].at(9'000));
  for (auto& sample : samples) sample.data = sample.data.first(std::min<std::size_t>(sample.data.size(), 40));
  return bmff::build_fragment(media.parameters, 3, samples).bytes;
}

// What every accepted fragment must be, whatever its bytes claim.
void require_consistent(const bmff::FragmentIndex& index, std::size_t available) {
  REQUIRE_FALSE(index.samples.empty());
  std::uint64_t payload = 0;
  for (const auto& sample : index.samples) {
    REQUIRE(sample.size > 0);
    REQUIRE(sample.duration > 0);
    payload += sample.size;
  }
  REQUIRE(payload == index.payload_size);
  REQUIRE(index.payload_offset + index.payload_size == index.total_size);
  REQUIRE(index.total_size <= available);
  REQUIRE(index.decode_ticks >= -120ll * 90'000);
}

TEST_CASE("no byte of a fragment's head can be spoilt into nonsense") {
  for (const auto codec : {Codec::kH264, Codec::kAac}) {
    const auto good = example_fragment(codec);
    const auto head = bmff::parse_fragment(good, 90'000).value().payload_offset;
    std::size_t accepted = 0;
    for (std::size_t at = 0; at < head; ++at) {
      for (int value = 0; value < 256; ++value) {
        auto bytes = good;
        bytes[at] = static_cast<std::uint8_t>(value);
        const auto index = bmff::parse_fragment(bytes, 90'000);
        if (!index) {
          REQUIRE(index.error().kind == ErrorKind::kCorrupted);
          continue;
        }
        ++accepted;
        require_consistent(*index, bytes.size());
      }
    }
    // Sequence, times, durations, composition offsets may take other values; structure and sizes may not.
    CHECK(accepted > head);
    CHECK(accepted < head * 256 * 2 / 3);
  }
}

TEST_CASE("a fragment cut anywhere is refused") {
  const auto good = example_fragment(Codec::kH264);
  for (std::size_t size = 0; size < good.size(); ++size) {
    REQUIRE_FALSE(bmff::parse_fragment(ByteView(good).first(size), 90'000));
  }
  auto longer = good;
  longer.push_back(0);
  CHECK(bmff::parse_fragment(longer, 90'000));  // what follows is another's
}

TEST_CASE("sizes that lie are refused before anything is allocated") {
  const auto good = example_fragment(Codec::kH264);
  const std::size_t traf = 24, tfdt = 48, trun = 68, count = 80, offset = 84, entries = 88;
  const auto mdat = bmff::parse_fragment(good, 90'000).value().payload_offset - 8;
  for (const std::uint32_t size : {0u, 1u, 7u, 8u, 0x7fffffffu, 0xffffffffu}) {
    for (const auto at : {std::size_t{0}, std::size_t{8}, traf, traf + 8, tfdt, trun, mdat}) {
      REQUIRE_FALSE(bmff::parse_fragment(patched(good, at, size), 90'000));
    }
  }
  for (const std::uint32_t n : {0u, 1u, 4u, 6u, 0x0fffffffu, 0x10000005u, 0xffffffffu}) {
    REQUIRE_FALSE(bmff::parse_fragment(patched(good, count, n), 90'000));
  }
  for (const std::uint32_t n : {0u, 8u, 0xffffffffu})
    REQUIRE_FALSE(bmff::parse_fragment(patched(good, offset, n), 90'000));
  REQUIRE_FALSE(bmff::parse_fragment(patched(good, entries, 0), 90'000));               // no duration
  REQUIRE_FALSE(bmff::parse_fragment(patched(good, entries + 4, 0), 90'000));           // no bytes
  REQUIRE_FALSE(bmff::parse_fragment(patched(good, entries + 4, 0xffffffff), 90'000));  // more than are there
}

TEST_CASE("the size that the journal knows must be the fragment's") {
  const auto good = example_fragment(Codec::kAac);
  CHECK(bmff::parse_fragment(good, 48'000, good.size()));
  CHECK_FALSE(bmff::parse_fragment(good, 48'000, good.size() - 1));
  CHECK_FALSE(bmff::parse_fragment(good, 48'000, good.size() + 1));
  CHECK_FALSE(bmff::parse_fragment(good, 0));
}

TEST_CASE("times that no lesson has are refused") {
  const auto good = example_fragment(Codec::kH264);
  CHECK_FALSE(bmff::parse_fragment(patched(good, 60, 0xffffffff), 90'000));
  CHECK_FALSE(bmff::parse_fragment(patched(good, 60, 0x00010000), 90'000));
}

TEST_CASE("no byte of a track's header can be spoilt unnoticed") {
  for (const auto kind : {MediaKind::kVideo, MediaKind::kAudio}) {
    const auto good = bmff::track_header(read_media(classroom_media(), kind).parameters).value();
    for (std::size_t at = 0; at < good.size(); ++at) {
      for (int value = 0; value < 256; ++value) {
        auto bytes = good;
        bytes[at] = static_cast<std::uint8_t>(value);
        const auto parameters = bmff::parse_track_header(bytes);
        if (parameters) REQUIRE(bmff::track_header(*parameters).value() == bytes);
      }
    }
    for (std::size_t size = 0; size < good.size(); ++size)
      REQUIRE_FALSE(bmff::parse_track_header(ByteView(good).first(size)));
    auto longer = good;
    longer.push_back(0);
    REQUIRE_FALSE(bmff::parse_track_header(longer));
  }
}

// A short clip with silence inside, and where its parts stand.
struct Clip {
  Bytes bytes;
  std::size_t header_size = 0;
  std::size_t silence_at = 0;
};

Clip example_clip() {
  MovieBench bench;
  bench.add(read_media(made_media({}), MediaKind::kAudio), {.holes_ms = {{2'000, 3'000}}});
  const auto movie = bench.movie(range_ms(1'500, 3'500));
  Clip clip{bench.movie_bytes(movie), movie.header.size(), movie.header.size()};
  for (const auto& extent : movie.extents) {
    if (extent.source == bmff::kFillSource) return clip;
    clip.silence_at += extent.size;
  }
  throw std::runtime_error("there is no silence in it");
}

Result<bmff::ClipLayout> layout_of(const Bytes& bytes) {
  const auto read = [&](std::uint64_t offset, std::size_t size) -> Result<Bytes> {
    if (offset > bytes.size() || size > bytes.size() - offset)
      return fail(ErrorKind::kInternal, "read outside");
    const auto part = ByteView(bytes).subspan(offset, size);
    return Bytes(part.begin(), part.end());
  };
  return bmff::parse_clip_layout(read, bytes.size());
}

TEST_CASE("a clip's layout tells its header and its fragments") {
  const auto clip = example_clip();
  const auto layout = layout_of(clip.bytes);
  REQUIRE(layout);
  CHECK(layout->header_size == clip.header_size);
  CHECK(layout->fragments.size() == 2);
  for (const auto& part : layout->fragments) {
    CHECK(bmff::parse_fragment(ByteView(clip.bytes).subspan(part.offset, part.size), 48'000));
  }
}

TEST_CASE("a clip cut anywhere is refused, and no layout reaches outside") {
  const auto clip = example_clip();
  for (std::size_t size = 0; size < clip.bytes.size(); ++size) {
    const Bytes shorter(clip.bytes.begin(), clip.bytes.begin() + static_cast<std::ptrdiff_t>(size));
    const auto layout = layout_of(shorter);
    REQUIRE_FALSE(layout);
    REQUIRE(layout.error().kind == ErrorKind::kCorrupted);
  }
}

TEST_CASE("a clip whose boxes lie is refused or stays inside itself") {
  const auto clip = example_clip();
  std::vector<std::size_t> places{0, clip.header_size - 16, clip.header_size - 8, clip.header_size - 4,
                                  clip.silence_at};
  const auto good = layout_of(clip.bytes).value();
  for (const auto& part : good.fragments) places.push_back(part.offset);
  for (const auto at : places) {
    for (const std::uint32_t value : {0u, 1u, 7u, 8u, 16u, 100u, 0x7fffffffu, 0xffffffffu}) {
      const auto bytes = patched(clip.bytes, at, value);
      if (bytes == clip.bytes) continue;  // that is what stands there
      const auto layout = layout_of(bytes);
      REQUIRE_FALSE(layout);
      REQUIRE(layout.error().kind == ErrorKind::kCorrupted);
    }
  }
  std::mt19937 random(7);  // NOLINT: the same every time
  for (int i = 0; i < 20'000; ++i) {
    auto bytes = clip.bytes;
    for (int n = 0; n < 3; ++n) bytes[random() % bytes.size()] = static_cast<std::uint8_t>(random());
    const auto layout = layout_of(bytes);
    if (!layout) continue;
    for (const auto& part : layout->fragments) REQUIRE(part.offset + part.size <= bytes.size());
  }
}

TEST_CASE("silence that is not silent is refused") {
  const auto clip = example_clip();
  const std::size_t size = ByteReader(ByteView(clip.bytes).subspan(clip.silence_at)).u32();
  for (std::size_t at = clip.silence_at + 8; at < clip.silence_at + size; ++at) {
    auto bytes = clip.bytes;
    bytes[at] ^= 1;
    REQUIRE_FALSE(layout_of(bytes));
  }
}

}  // namespace
}  // namespace shilu
