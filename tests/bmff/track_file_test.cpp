// Track files as other programs see them, and as we read them back.

#include <fmt/format.h>

#include <catch2/catch.hpp>

#include "capture/bmff/fragment_writer.h"
#include "tests/bmff/movie_fixture.h"

namespace shilu {
namespace {

using namespace test;

struct Source {
  std::string name;
  std::filesystem::path file;
  MediaKind kind;
};

std::vector<Source> sources() {
  const auto plain = made_media({});
  return {{"H.264 with B-frames", classroom_media(), MediaKind::kVideo},
          {"AAC mono", classroom_media(), MediaKind::kAudio},
          {"H.264 at 29.97 per second", plain, MediaKind::kVideo},
          {"H.265", made_media({.video_encoder = "libx265", .sample_rate = 44'100}), MediaKind::kVideo},
          {"AAC at 44.1 kHz", made_media({.video_encoder = "libx265", .sample_rate = 44'100}),
           MediaKind::kAudio}};
}

std::string probe(const std::filesystem::path& file, const std::string& entries) {
  return run_tool({"ffprobe", "-v", "warning", "-show_entries", entries, "-of", "csv=p=0", file.string()});
}

TEST_CASE("ffprobe reads a track file as the media that went in") {
  for (const auto& source : sources()) {
    INFO(source.name);
    const auto media = read_media(source.file, source.kind);
    MovieBench bench;
    bench.add(media);
    const auto file = bench.write_track(0);
    const auto selector = source.kind == MediaKind::kVideo ? "v:0" : "a:0";
    const std::string entries = "stream=codec_name,width,height,sample_rate,channels,profile,level,pix_fmt";
    CHECK(probe(file, entries) ==
          run_tool({"ffprobe", "-v", "warning", "-select_streams", selector, "-show_entries", entries, "-of",
                    "csv=p=0", source.file.string()}));
    const auto packets = lines_of(probe(file, "packet=pts,dts,size,flags"));
    REQUIRE(packets.size() == media.samples.size());
    const std::int64_t shift = 120ll * media.parameters.timescale;
    for (std::size_t i = 0; i < packets.size(); ++i) {
      const auto& sample = media.samples[i];
      REQUIRE(packets[i] == fmt::format("{},{},{},{}", sample.presentation() + shift, sample.decode + shift,
                                        sample.data.size(), sample.sync ? "K_" : "__"));
    }
  }
}

TEST_CASE("decode times of a track file rise strictly") {
  for (const auto& source : sources()) {
    MovieBench bench;
    bench.add(read_media(source.file, source.kind), {.samples_per_fragment = 7});
    std::int64_t last = -1;
    for (const auto& line : lines_of(probe(bench.write_track(0), "packet=dts"))) {
      REQUIRE(std::stoll(line) > last);
      last = std::stoll(line);
    }
  }
}

TEST_CASE("ffmpeg decodes a track file to the pictures of its source") {
  for (const auto& source : sources()) {
    if (source.kind != MediaKind::kVideo) continue;
    INFO(source.name);
    MovieBench bench;
    bench.add(read_media(source.file, source.kind));
    const auto expected = decode_video(source.file);
    const auto frames = decode_video(bench.write_track(0));
    REQUIRE(frames.size() == expected.size());
    for (std::size_t i = 0; i < frames.size(); ++i) REQUIRE(frames[i].md5 == expected[i].md5);
  }
}

TEST_CASE("a fragment comes back from its bytes") {
  for (const auto& source : sources()) {
    INFO(source.name);
    const auto media = read_media(source.file, source.kind);
    std::vector<bmff::Sample> samples;
    for (const auto& sample : media.samples)
      samples.push_back(sample.at(-30 * std::int64_t{media.parameters.timescale}));
    const auto built = bmff::build_fragment(media.parameters, 41, samples);
    const auto index = bmff::parse_fragment(built.bytes, media.parameters.timescale);
    REQUIRE(index);
    CHECK(index->sequence == 41);
    CHECK(index->decode_ticks == samples.front().decode_ticks);
    CHECK(index->payload_offset == built.payload_offset);
    CHECK(index->total_size == built.bytes.size());
    REQUIRE(index->samples.size() == samples.size());
    auto payload = ByteView(built.bytes).subspan(built.payload_offset);
    std::uint64_t duration = 0;
    for (std::size_t i = 0; i < samples.size(); ++i) {
      REQUIRE(index->samples[i].duration == samples[i].duration);
      REQUIRE(index->samples[i].composition_offset == samples[i].composition_offset);
      REQUIRE(index->samples[i].sync == samples[i].sync);
      REQUIRE(std::equal(samples[i].data.begin(), samples[i].data.end(), payload.begin(),
                         payload.begin() + index->samples[i].size));
      payload = payload.subspan(index->samples[i].size);
      duration += samples[i].duration;
    }
    CHECK(index->duration_ticks() == duration);
    const auto head = bmff::fragment_head_size(source.kind, static_cast<std::uint32_t>(samples.size()));
    CHECK(head == built.payload_offset);
    CHECK(bmff::parse_fragment(ByteView(built.bytes).first(head), media.parameters.timescale,
                               built.bytes.size()));
  }
}

TEST_CASE("a track's header gives its parameters back and equal parameters give equal headers") {
  for (const auto& source : sources()) {
    INFO(source.name);
    const auto parameters = read_media(source.file, source.kind).parameters;
    const auto header = bmff::track_header(parameters);
    REQUIRE(header);
    const auto back = bmff::parse_track_header(*header);
    REQUIRE(back);
    CHECK(*back == parameters);
    CHECK(bmff::track_header(*back).value() == *header);
  }
}

TEST_CASE("the codec's name is the one that ffprobe's profile and level give") {
  const auto avc = read_media(classroom_media(), MediaKind::kVideo).parameters;
  CHECK(rfc6381(avc) == "avc1.64001f");  // High (0x64), level 3.1 (0x1f): ffprobe says High, 31
  CHECK(rfc6381(read_media(classroom_media(), MediaKind::kAudio).parameters) == "mp4a.40.2");
}

TEST_CASE("parameters that cannot be written are refused with a sentence") {
  auto video = read_media(classroom_media(), MediaKind::kVideo).parameters;
  auto sound = read_media(classroom_media(), MediaKind::kAudio).parameters;
  const auto refuse = [](CodecParameters parameters, auto spoil) {
    spoil(parameters);
    const auto header = bmff::track_header(parameters);
    REQUIRE_FALSE(header);
    CHECK(header.error().kind == ErrorKind::kInvalidArgument);
    CHECK_FALSE(header.error().message.empty());
  };
  refuse(video, [](auto& p) { p.width = 0; });
  refuse(video, [](auto& p) { p.timescale = 0; });
  refuse(video, [](auto& p) { p.configuration.resize(6); });
  refuse(video, [](auto& p) { p.configuration[0] = 2; });
  refuse(video, [](auto& p) { p.configuration[4] = 0xfd; });  // NAL lengths of 2 bytes
  refuse(video, [](auto& p) {
    p.codec = Codec::kH265;
    p.configuration.resize(22);
  });
  refuse(sound, [](auto& p) { p.configuration.clear(); });
  refuse(sound, [](auto& p) { p.configuration.resize(128); });
  refuse(sound, [](auto& p) { p.timescale = 90'000; });
  refuse(sound, [](auto& p) { p.channels = 0; });
}

}  // namespace
}  // namespace shilu
