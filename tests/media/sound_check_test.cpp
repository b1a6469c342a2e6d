// ffmpeg's ebur128 filter is another implementation of EBU R 128.
#include "capture/media/sound_check.h"

#include <fmt/format.h>

#include <catch2/catch.hpp>

#include "tests/base/temporary_directory.h"
#include "tests/base/tool_output.h"

namespace shilu::media {
namespace {

using test::output_of;
using test::TemporaryDirectory;

std::string make(const TemporaryDirectory& directory, std::string_view source,
                 std::string_view codec = "-c:a pcm_s16le") {
  const auto file = (directory / "a.mkv").string();
  output_of(fmt::format("ffmpeg -nostdin -loglevel error -y -f lavfi -i \"{}\" {} {}", source, codec, file));
  return file;
}

double last_number_after(const std::string& text, std::string_view label) {
  const auto at = text.rfind(label);
  REQUIRE(at != std::string::npos);
  return std::stod(text.substr(at + label.size()));
}

TEST_CASE("loudness and true peak are those that ffmpeg measures") {
  const TemporaryDirectory directory;
  for (const auto* source : {"sine=1000:sample_rate=48000:duration=8,volume=-10dB",
                             "anoisesrc=color=pink:sample_rate=44100:duration=8:seed=1:amplitude=0.2",
                             "aevalsrc='0.1*sin(997*2*PI*t)|0.5*sin(400*2*PI*t)':s=48000:d=8"}) {
    const auto file = make(directory, source);
    INFO(source);
    const auto summary = summarise_sound(file);
    REQUIRE(summary);
    const auto theirs = output_of("ffmpeg -nostdin -i " + file + " -af ebur128=peak=true -f null - 2>&1");
    REQUIRE(summary->loudness_lufs);
    REQUIRE(summary->true_peak_dbtp);
    CHECK(*summary->loudness_lufs == Approx(last_number_after(theirs, "I:")).margin(0.2));
    CHECK(*summary->true_peak_dbtp == Approx(last_number_after(theirs, "Peak:")).margin(0.3));
    CHECK(summary->duration == std::chrono::seconds(8));
    CHECK(summary->silence == Nanoseconds(0));
    CHECK(summary->clipped_runs == 0);
  }
}

TEST_CASE("silence is found with its place and length, also through AAC") {
  const TemporaryDirectory directory;
  const auto* source = "aevalsrc='if(between(t,2,5.5)+between(t,7,8),0,0.2*sin(440*2*PI*t))':s=48000:d=9";
  for (const auto* codec : {"-c:a pcm_s16le", "-c:a aac -b:a 128k"}) {
    const auto summary = summarise_sound(make(directory, source, codec));
    INFO(codec);
    REQUIRE(summary);
    const auto seconds = [](Nanoseconds time) { return static_cast<double>(time.count()) / 1e9; };
    CHECK(seconds(summary->longest_silence) == Approx(3.5).margin(0.21));
    CHECK(seconds(summary->longest_silence_at) == Approx(2).margin(0.21));
    CHECK(seconds(summary->silence) == Approx(4.5).margin(0.41));
  }
}

TEST_CASE("clipping is counted, loud sound below full scale is not") {
  const TemporaryDirectory directory;
  // 2 s of 100 Hz at twice full scale: each half wave is one flat run.
  const auto clipped = summarise_sound(make(directory, "aevalsrc='2*sin(100*2*PI*t)':s=48000:d=2"));
  REQUIRE(clipped);
  CHECK(clipped->clipped_runs >= 398);
  CHECK(clipped->clipped_runs <= 400);
  const auto loud = summarise_sound(make(directory, "aevalsrc='0.98*sin(100*2*PI*t)':s=48000:d=2"));
  REQUIRE(loud);
  CHECK(loud->clipped_runs == 0);
}

TEST_CASE("digital silence has neither loudness nor a peak") {
  const TemporaryDirectory directory;
  const auto summary = summarise_sound(make(directory, "anullsrc=r=48000:cl=stereo,atrim=duration=3"));
  REQUIRE(summary);
  CHECK_FALSE(summary->loudness_lufs);
  CHECK_FALSE(summary->true_peak_dbtp);
  CHECK(summary->silence == summary->duration);
}

TEST_CASE("a film without sound is told apart from a silent one") {
  const TemporaryDirectory directory;
  const auto file = (directory / "v.mp4").string();
  output_of("ffmpeg -nostdin -loglevel error -y -f lavfi -i testsrc2=size=64x64:rate=25 -t 1 -c:v libx264 " +
            file);
  CHECK(summarise_sound(file).error().kind == ErrorKind::kNotFound);
}

}  // namespace
}  // namespace shilu::media
