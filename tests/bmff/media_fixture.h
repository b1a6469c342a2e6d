#pragma once
// Real media for tests: coded samples cut out of an MP4 file by what ffprobe says of it, and media made by
// ffmpeg. A tool that fails throws: such a test cannot go on.

#include <filesystem>
#include <string>
#include <vector>

#include "capture/bmff/sample.h"
#include "firmware/lesson/track.h"

namespace shilu::test {

// Runs a program found in PATH and gives its standard output.
std::string run_tool(const std::vector<std::string>& command);
std::vector<std::string> lines_of(const std::string& text);
std::vector<std::string> split(const std::string& line, char separator);

struct MediaSample {
  Bytes data;
  std::int64_t decode = 0;  // ticks; presentation 0 is where the file's own edit list begins
  std::uint32_t duration = 0;
  std::uint32_t composition_offset = 0;
  bool sync = false;

  std::int64_t presentation() const { return decode + composition_offset; }
  // As the recorder would get it, `shift` ticks later.
  bmff::Sample at(std::int64_t shift) const {
    return {data, decode + shift, duration, composition_offset, sync};
  }
};

struct MediaTrack {
  CodecParameters parameters;
  std::vector<MediaSample> samples;  // in decode order
  std::uint32_t nominal_ticks = 0;
};

// The first track of that kind.
MediaTrack read_media(const std::filesystem::path& mp4, MediaKind kind);

// tests/data/classroom.mp4: 36 s, 1280x720, 25 fps, H.264 with B-frames, a key picture every 2 s, AAC 48 kHz
// mono.
std::filesystem::path classroom_media();

struct MediaRecipe {
  std::string video_encoder = "libx264";  // or "libx265"
  int b_frames = 0;
  int seconds = 8;
  int keyframe_interval = 30;  // frames
  std::string rate = "30000/1001";
  std::string size = "320x240";
  int sample_rate = 48'000;
};
// A moving test picture and a tone, made once per process for each recipe.
std::filesystem::path made_media(const MediaRecipe& recipe);

// One decoded picture or block of sound, as `ffmpeg -f framemd5` tells it.
struct DecodedFrame {
  std::int64_t presentation = 0;  // in the stream's time base
  std::string md5;
};
// Decodes with edit lists applied, to the file's own time: no resampling, no repeated or dropped pictures.
std::vector<DecodedFrame> decode_video(const std::filesystem::path& file);
// All sound as 16 bit little-endian mono or stereo at the file's own rate.
Bytes decode_audio(const std::filesystem::path& file);

}  // namespace shilu::test
