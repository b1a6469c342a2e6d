// What ffprobe says of streams that x264 and x265 made is the measure.
#include "capture/live/reorder_depth.h"

#include <fmt/format.h>

#include <catch2/catch.hpp>

#include <random>

#include "capture/live/decode_times.h"
#include "firmware/base/file_system.h"
#include "firmware/base/json_io.h"
#include "tests/base/temporary_directory.h"
#include "tests/live/tool.h"

namespace shilu::live {
namespace {

using test::output_of;

// The NAL units of an Annex B stream.
std::vector<Bytes> nal_units(const Bytes& stream) {
  std::vector<Bytes> units;
  for (std::size_t i = 0; i + 3 <= stream.size(); ++i) {
    if (stream[i] == 0 && stream[i + 1] == 0 && stream[i + 2] == 1) {
      units.emplace_back();
      i += 2;
    } else if (!units.empty()) {
      units.back().push_back(stream[i]);
    }
  }
  for (auto& unit : units) {
    while (!unit.empty() && unit.back() == 0) unit.pop_back();  // of the next start code
  }
  return units;
}

struct Sample {
  std::string options;
  Codec codec;
};

Json probe(const std::string& file) {
  return parse_json(output_of("ffprobe -loglevel error -show_streams -show_packets -of json " + file))
      .value();
}

std::string encode(const test::TemporaryDirectory& directory, const Sample& sample) {
  const auto file = (directory / "a.mp4").string();
  output_of(
      fmt::format("ffmpeg -nostdin -loglevel error -y -f lavfi -i testsrc2=size=192x108:rate=25 -t 3 "
                  "-pix_fmt yuv420p {} {}",
                  sample.options, file));
  return file;
}

const std::vector<Sample>& samples() {
  static const std::vector<Sample> all{
      {"-c:v libx264 -bf 0 -g 25", Codec::kH264},
      {"-c:v libx264 -bf 1 -g 25", Codec::kH264},
      {"-c:v libx264 -bf 4 -x264-params b-pyramid=normal:b-adapt=0:keyint=25", Codec::kH264},
      {"-c:v libx264 -profile:v baseline -g 25", Codec::kH264},
      {"-c:v libx264 -profile:v high444 -pix_fmt yuv444p -bf 2 -x264-params "
       "nal-hrd=vbr:vbv-maxrate=500:vbv-bufsize=500",
       Codec::kH264},
      {"-c:v libx265 -x265-params log-level=none:bframes=0:keyint=25", Codec::kH265},
      {"-c:v libx265 -x265-params log-level=none:bframes=4:keyint=25", Codec::kH265},
  };
  return all;
}

TEST_CASE("the reorder depth is the one that ffprobe finds") {
  const test::TemporaryDirectory directory;
  for (const auto& sample : samples()) {
    const auto file = encode(directory, sample);
    const auto stream = (directory / "a.bin").string();
    output_of(fmt::format("ffmpeg -nostdin -loglevel error -y -i {} -c copy -f {} {}", file,
                          sample.codec == Codec::kH264 ? "h264" : "hevc", stream));
    const auto sets = nal_units(read_file(stream).value());
    INFO(sample.options);
    const auto depth = reorder_depth(sample.codec, sets);
    REQUIRE(depth);
    CHECK(static_cast<int>(*depth) == probe(file)["streams"][0]["has_b_frames"].get<int>());
  }
}

TEST_CASE("decode times are those of the file, found from its presentation times alone") {
  const test::TemporaryDirectory directory;
  for (const auto& sample : samples()) {
    const auto json = probe(encode(directory, sample));
    const auto depth = json["streams"][0]["has_b_frames"].get<unsigned>();
    DecodeTimes times(depth, std::chrono::milliseconds(40));
    INFO(sample.options);
    // ffmpeg writes whole times in units of 1/12800 s; 25 pictures a second.
    for (const auto& packet : json["packets"]) {
      const auto ns = [](const Json& ticks) { return ticks.get<std::int64_t>() * 1'000'000'000 / 12'800; };
      const auto unit = times.next({ns(packet["pts"]) + 1'000'000'000});
      CHECK(unit.presentation.ns == ns(packet["pts"]) + 1'000'000'000);
      CHECK(unit.decode.ns == ns(packet["dts"]) + 1'000'000'000);
    }
  }
}

TEST_CASE("a stream that does not tell its depth is learned, and times stay in order while it is") {
  DecodeTimes times(std::nullopt, std::chrono::milliseconds(40));
  std::int64_t last = -1;
  int late = 0;
  // Decode order of GOPs I0 P3 B1 B2 P6 B4 B5 ...
  for (int group = 0; group < 10; ++group) {
    for (const int shown : {3, 1, 2}) {
      const MonotonicTime presentation{(group * 3 + shown) * 40'000'000LL};
      const auto unit = times.next(presentation);
      CHECK(unit.decode.ns > last);
      CHECK(unit.presentation >= unit.decode);
      last = unit.decode.ns;
      late += unit.presentation > presentation ? 1 : 0;
    }
  }
  CHECK(late > 0);
  CHECK(late <= 2);
}

TEST_CASE("a step back of the network's jitter does not pass for a reordered picture") {
  DecodeTimes times(std::nullopt, std::chrono::milliseconds(40));
  times.next({40'000'000});
  times.next({39'000'000});
  const auto unit = times.next({120'000'000});
  CHECK(unit.decode.ns == 120'000'000);
}

TEST_CASE("parameter sets that are cut short or random give no depth and no crash") {
  std::mt19937 random(5);
  for (int round = 0; round < 20'000; ++round) {
    Bytes set(random() % 40 + 1);
    for (auto& byte : set) byte = static_cast<std::uint8_t>(random());
    const auto codec = random() % 2 == 0 ? Codec::kH264 : Codec::kH265;
    set[0] = codec == Codec::kH264 ? 0x67 : 0x40;
    if (const auto depth = reorder_depth(codec, {set})) CHECK(*depth <= kMaxReorderDepth);
  }
  CHECK_FALSE(reorder_depth(Codec::kH264, {{0x67}}));
  CHECK_FALSE(reorder_depth(Codec::kH265, {{0x40}}));
  CHECK_FALSE(reorder_depth(Codec::kH264, {{}}));
}

TEST_CASE("a clock that steps back in a stream without reordering never makes times fall") {
  // Arrival after a stall: the network's clock is put right by 160 ms in the middle of a stream that promises
  // depth 0.
  DecodeTimes times(0u, std::chrono::milliseconds(40));
  MonotonicTime last{0};
  for (const std::int64_t ms : {1000, 1040, 1080, 1120, 960, 1000, 1040, 1080, 1120, 1160, 1200}) {
    const UnitTimes now = times.next({ms * 1'000'000});
    CHECK(now.presentation == now.decode);
    CHECK(now.presentation > last);
    last = now.presentation;
  }
  CHECK(last == MonotonicTime{1'200'000'000});
}

}  // namespace
}  // namespace shilu::live
