#include "tests/recorder/units_fixture.h"

#include <algorithm>

#include "capture/bmff/fragment_writer.h"
#include "firmware/base/ids.h"
#include "tests/base/temporary_directory.h"
#include "tests/base/test_keys.h"

namespace shilu::test {
namespace {

Bytes hex(std::string_view text) {
  return *from_hex(text);
}

Bytes counted(std::uint64_t number, bool sync, std::size_t size) {
  Bytes data;
  put_u32(data, static_cast<std::uint32_t>(std::max<std::size_t>(size, 16) - 4));
  put_u8(data, sync ? 0x65 : 0x41);  // NAL unit types 5 and 1
  put_u64(data, number);
  data.resize(std::max<std::size_t>(size, 16), static_cast<std::uint8_t>(number));
  return data;
}

}  // namespace

link::TrackParameters video_parameters(std::uint32_t nominal_ticks) {
  CodecParameters parameters;
  parameters.codec = Codec::kH264;
  parameters.configuration =
      hex("0142c01fffe100176742c01fda014016ec0440000003004000000c83c60ca801000468ce0fc8");
  parameters.width = 1280;
  parameters.height = 720;
  return {MediaKind::kVideo, parameters, nominal_ticks};
}

link::TrackParameters other_video_parameters() {
  auto parameters = video_parameters();
  parameters.parameters.width = 640;
  parameters.parameters.height = 360;
  return parameters;
}

link::TrackParameters audio_parameters() {
  CodecParameters parameters;
  parameters.codec = Codec::kAac;
  parameters.configuration = hex("1188");  // AAC-LC, 48 kHz, mono
  parameters.sample_rate = 48'000;
  parameters.channels = 1;
  parameters.timescale = 48'000;
  return {MediaKind::kAudio, parameters, 1024};
}

link::AccessUnit video_unit(std::uint64_t number, MonotonicTime decode_time, bool sync, std::size_t size) {
  return {MediaKind::kVideo, number, decode_time, decode_time, sync, false, counted(number, sync, size)};
}

link::AccessUnit audio_unit(std::uint64_t number, MonotonicTime decode_time, std::size_t size) {
  return {MediaKind::kAudio, number, decode_time, decode_time, true, false, counted(number, true, size)};
}

std::uint64_t counter_in(ByteView data) {
  ByteReader reader(data);
  reader.bytes(5);
  return reader.u64();
}

link::AccessUnit steady_picture(std::uint64_t k, MonotonicTime start, std::uint64_t gop, std::size_t size) {
  return video_unit(k + 1, start + Nanoseconds(static_cast<std::int64_t>(k) * 40 * kMs), k % gop == 0, size);
}

link::AccessUnit steady_sound(std::uint64_t k, MonotonicTime start) {
  return audio_unit(k + 1, start + Nanoseconds(static_cast<std::int64_t>(k) * 1024 * kSecond / 48'000));
}

recorder::Fragment second_of_pictures(std::uint64_t second) {
  auto format = std::make_shared<recorder::TrackFormat>();
  const auto declared = video_parameters();
  format->parameters = declared.parameters;
  format->nominal_ticks = declared.nominal_ticks;
  format->header = *bmff::track_header(declared.parameters);
  recorder::Fragment fragment;
  fragment.format = format;
  for (std::uint64_t i = second * 25; i < second * 25 + 25; ++i) {
    auto unit = video_unit(i + 1, {}, i % 25 == 0, 200);
    fragment.samples.push_back(
        {std::move(unit.data), static_cast<std::int64_t>(i) * 3600, 3600, 0, i % 25 == 0});
  }
  return fragment;
}

CertifiedKey test_key() {
  static const TemporaryDirectory directory;
  static const CertifiedKey key = test::certified(directory.path(), KeyRole::kRecording);
  return key;
}

LessonInfo test_lesson(MonotonicTime start, std::vector<SourceInfo> sources) {
  LessonInfo info;
  info.lesson_id = new_uuid();
  info.boot_id = boot_id();
  info.start_monotonic = start;
  info.start_wall = SystemClock().wall();
  info.sources = std::move(sources);
  info.recording_certificate = test_key().certificate.envelope.to_json();
  info.software = "test";
  return info;
}

}  // namespace shilu::test
