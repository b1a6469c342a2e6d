#include "capture/monitor/track_watch.h"

#include <catch2/catch.hpp>

#include "capture/bmff/fragment_writer.h"
#include "tests/base/temporary_directory.h"

using namespace shilu;
using namespace shilu::monitor;

namespace {

// Sound, in the file of a track of pictures: no decoder of pictures takes it.
CodecParameters refused() {
  CodecParameters parameters;
  parameters.codec = Codec::kAac;
  parameters.configuration = {0x11, 0x88};
  parameters.sample_rate = 48'000;
  parameters.channels = 1;
  parameters.timescale = 48'000;
  return parameters;
}

// The file of an epoch with one fragment.
FragmentPlace stored(const std::filesystem::path& file, const CodecParameters& parameters) {
  const auto header = bmff::track_header(parameters);
  REQUIRE(header);
  bmff::Sample sample;
  sample.data = Bytes(64, 1);
  sample.duration = 1024;
  sample.sync = true;
  const auto built = bmff::build_fragment(parameters, 0, std::span(&sample, 1));
  Bytes bytes = *header;
  bytes.insert(bytes.end(), built.bytes.begin(), built.bytes.end());
  REQUIRE(write_file_atomic(file, bytes));
  return {file, header->size(), static_cast<std::uint32_t>(built.bytes.size())};
}

}  // namespace

TEST_CASE("a track whose parameters no decoder takes is an error with each of its fragments, and no more") {
  const test::TemporaryDirectory directory;
  const auto place = stored(directory / "e000.mp4", refused());
  TrackWatch watch("room.video", MediaKind::kVideo, StillPicture::kFault);
  for (int fragment = 0; fragment < 3; ++fragment) {
    CHECK_FALSE(watch.take(place));
    CHECK(watch.alarms().empty());
  }
}
