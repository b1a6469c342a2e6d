// What is heard and seen to be wrong, on media that ffmpeg made and coded: units as they are recorded.
#include <fmt/format.h>

#include <catch2/catch.hpp>

#include "capture/media/picture_watch.h"
#include "capture/media/sound_watch.h"
#include "capture/media/unit_decoder.h"
#include "tests/base/temporary_directory.h"
#include "tests/base/tool_output.h"
#include "tests/bmff/media_fixture.h"

namespace shilu::media {
namespace {

using test::output_of;
using test::TemporaryDirectory;

test::MediaTrack coded(const std::string& options, MediaKind kind) {
  const TemporaryDirectory directory;
  const auto file = (directory / "a.mp4").string();
  output_of(fmt::format("ffmpeg -nostdin -loglevel error -y {} {}", options, file));
  return test::read_media(file, kind);
}

test::MediaTrack sound_of(const std::string& source) {
  return coded(fmt::format("-f lavfi -i \"{}\" -c:a aac -b:a 96k", source), MediaKind::kAudio);
}

struct Heard {
  // Seconds from the beginning until it was first noticed; -1: never.
  double silent = -1;
  double clipping = -1;
  double hum = -1;
  SoundLevel last;
};

Heard listen(const test::MediaTrack& track) {
  auto decoder = SoundUnits::open(track.parameters);
  REQUIRE(decoder);
  std::optional<SoundWatch> watch;
  Heard heard;
  for (const auto& unit : track.samples) {
    const auto samples = decoder->samples(unit.data);
    if (samples.empty()) continue;
    if (!watch) watch.emplace(decoder->sample_rate(), decoder->channels());
    watch->add(samples);
    const auto at = static_cast<double>(unit.decode + unit.duration) / track.parameters.timescale;
    const auto note = [&](double& first, bool holds) { first = holds && first < 0 ? at : first; };
    note(heard.silent, watch->silent());
    note(heard.clipping, watch->clipping());
    note(heard.hum, watch->hum_only());
  }
  REQUIRE(watch);
  heard.last = watch->level();
  return heard;
}

void check_only(const Heard& heard, double Heard::*expected, double from_s, double to_s) {
  for (auto member : {&Heard::silent, &Heard::clipping, &Heard::hum}) {
    if (member != expected) CHECK(heard.*member == -1);
  }
  if (expected == nullptr) return;
  CHECK(heard.*expected >= from_s);
  CHECK(heard.*expected <= to_s);
}

TEST_CASE("a lesson, a quiet room and loud clean sound raise nothing") {
  check_only(listen(test::read_media(test::classroom_media(), MediaKind::kAudio)), nullptr, 0, 0);
  for (const auto* source :
       {"anoisesrc=color=pink:r=48000:d=9:amplitude=0.01:seed=1",
        "aevalsrc='0.85*sin(2*PI*440*t)':s=48000:d=9", "aevalsrc='0.3*sin(2*PI*400*t)':s=48000:d=9",
        "aevalsrc='0.1*sin(2*PI*1000*t)|0':s=44100:d=9"}) {
    INFO(source);
    check_only(listen(sound_of(source)), nullptr, 0, 0);
  }
}

TEST_CASE(
    "silence is noticed after 5 s, with and without a constant part, and only all channels together are "
    "silent") {
  for (const auto* source : {"anullsrc=r=48000:cl=mono:d=9", "anullsrc=r=16000:cl=stereo:d=9",
                             "anoisesrc=r=48000:d=9:amplitude=0.0003:seed=1"}) {
    INFO(source);
    check_only(listen(sound_of(source)), &Heard::silent, 4.9, 5.6);
  }
}

TEST_CASE("sound that was clipped before it was coded is noticed within 5 s") {
  for (const auto* source :
       {"aevalsrc='clip(3*sin(2*PI*300*t)*(0.5+0.5*sin(2*PI*2*t)),-1,1)':s=48000:d=9",
        "anoisesrc=color=pink:r=48000:d=9:amplitude=1:seed=1,volume=30dB,aformat=sample_fmts=s16"}) {
    INFO(source);
    check_only(listen(sound_of(source)), &Heard::clipping, 0.3, 5);
  }
}

TEST_CASE(
    "mains hum and its harmonics alone are noticed within 6 s; a voice or a note beside them is not hum") {
  for (const auto* source :
       {"aevalsrc='0.02*sin(2*PI*50*t)+0.01*sin(2*PI*100*t)+0.005*sin(2*PI*150*t)':s=48000:d=9",
        "aevalsrc='0.03*(abs(sin(2*PI*50*t))-0.637)':s=48000:d=9",  // a rectifier: 100 Hz and harmonics
        "aevalsrc='0.05*sin(2*PI*50.1*t)+0.0015*(random(0)-0.5)':s=44100:d=9",  // the mains are never exact
        "aevalsrc='0.02*sin(2*PI*60*t)+0.01*sin(2*PI*180*t)':s=48000:d=9"}) {
    INFO(source);
    check_only(listen(sound_of(source)), &Heard::hum, 3.9, 6);
  }
  for (const auto* source :
       {"aevalsrc='0.02*sin(2*PI*50*t)+0.05*sin(2*PI*440*t)':s=48000:d=9",
        "aevalsrc='0.1*sin(2*PI*130.8*t)':s=48000:d=9", "aevalsrc='0.1*sin(2*PI*250*t)':s=48000:d=9"}) {
    INFO(source);
    check_only(listen(sound_of(source)), nullptr, 0, 0);
  }
}

TEST_CASE("an alarm of the sound ends when its cause ends") {
  SoundWatch watch(8000, 1);
  const std::vector<float> silence(8000 * 6, 0.0F);
  watch.add(silence);
  CHECK(watch.silent());
  std::vector<float> tone(8000);
  for (std::size_t i = 0; i < tone.size(); ++i) tone[i] = 0.1F * static_cast<float>((i / 7) % 2);
  watch.add(tone);
  CHECK_FALSE(watch.silent());
}

TEST_CASE("the level of a sine is 3 dB below its peak") {
  const auto heard = listen(sound_of("aevalsrc='0.5*sin(2*PI*1000*t)':s=48000:d=3"));
  CHECK(heard.last.rms_dbfs == Approx(-9.03).margin(0.3));  // 20 log10(0.5 / sqrt(2))
  CHECK(heard.last.peak_dbfs == Approx(-6.02).margin(0.5));
}

// --- pictures

struct Seen {
  double black = -1;
  double frozen = -1;
  bool black_at_end = false;
  bool frozen_at_end = false;
};

Seen look(const test::MediaTrack& track) {
  auto decoder = KeyPictures::open(track.parameters);
  REQUIRE(decoder);
  PictureWatch watch;
  Seen seen;
  std::size_t keys = 0;
  for (const auto& unit : track.samples) {
    if (!unit.sync) continue;
    ++keys;
    const auto picture = decoder->small(unit.data);
    REQUIRE(picture);
    const auto at = static_cast<double>(unit.presentation()) / track.parameters.timescale;
    watch.add(*picture, LessonTime::from_ms(static_cast<std::int64_t>(at * 1000)));
    if (watch.black() && seen.black < 0) seen.black = at;
    if (watch.frozen() && seen.frozen < 0) seen.frozen = at;
  }
  CHECK(keys >= 8);
  seen.black_at_end = watch.black();
  seen.frozen_at_end = watch.frozen();
  return seen;
}

test::MediaTrack pictures_of(const std::string& source,
                             const std::string& codec = "-c:v libx264 -preset ultrafast -b:v 1M") {
  return coded(fmt::format("-f lavfi -i \"{}\" -pix_fmt yuv420p {} -g 25 -keyint_min 25 -sc_threshold 0",
                           source, codec),
               MediaKind::kVideo);
}

TEST_CASE("a lesson raises nothing, and neither does an empty room whose camera still works") {
  const auto lesson = look(test::read_media(test::classroom_media(), MediaKind::kVideo));
  CHECK(lesson.black == -1);
  CHECK(lesson.frozen == -1);
  // A still picture with a sensor's noise, much and very little of it, coded as cheaply as cameras do.
  for (const int noise : {8, 2}) {
    for (const auto* rate : {"1M", "300k"}) {
      INFO(noise << " " << rate);
      const auto room = look(pictures_of(
          fmt::format(
              "testsrc2=s=1280x720:r=25:d=10,loop=loop=-1:size=1,noise=alls={}:allf=t,trim=duration=10",
              noise),
          fmt::format("-c:v libx264 -preset ultrafast -tune zerolatency -b:v {}", rate)));
      CHECK(room.black == -1);
      CHECK(room.frozen == -1);
    }
  }
}

// An encoder at a constant rate needs some key pictures until two are the same to the bit; more with more
// threads.
TEST_CASE("a picture that stands still is noticed 5 to 8 s later, coded at a constant rate or quality") {
  for (const auto* codec :
       {"-c:v libx264 -preset ultrafast -tune zerolatency -b:v 1M", "-c:v libx264 -preset ultrafast -crf 28",
        "-c:v libx265 -preset ultrafast -x265-params log-level=none -tag:v hvc1"}) {
    INFO(codec);
    const auto seen =
        look(pictures_of("testsrc2=s=640x360:r=25:d=4,tpad=stop_mode=clone:stop_duration=8", codec));
    CHECK(seen.frozen >= 8);
    CHECK(seen.frozen <= 12);
    CHECK(seen.frozen_at_end);
    CHECK(seen.black == -1);
  }
}

TEST_CASE("a black picture is noticed after 3 s and forgotten when it ends; it is not called frozen, too") {
  const auto seen =
      look(pictures_of("testsrc2=s=640x360:r=25:d=14,drawbox=t=fill:color=black:enable='between(t,2,10)'"));
  CHECK(seen.black >= 5);
  CHECK(seen.black <= 6);
  CHECK(seen.frozen == -1);
  CHECK_FALSE(seen.black_at_end);
}

TEST_CASE("key pictures that lie 8 s apart tell of black and of a standstill, too; a pause does not") {
  const auto at = [](int seconds) { return LessonTime{seconds * 1'000'000'000LL}; };
  const SmallPicture black;
  SmallPicture grey;
  grey.luma.fill(120);
  PictureWatch dark, still;
  for (int k = 0; k < 3; ++k) {
    dark.add(black, at(8 * k));
    still.add(grey, at(8 * k));
    CHECK(dark.black() == (k == 2));
    CHECK(still.frozen() == (k == 2));
  }
  PictureWatch paused;
  for (const int second : {0, 1, 2, 14, 15, 60, 61}) {
    paused.add(grey, at(second));
    CHECK_FALSE(paused.frozen());
  }
  PictureWatch far_apart;
  for (const int second : {0, 30, 60, 90}) {
    far_apart.add(black, at(second));
    CHECK_FALSE(far_apart.black());
  }
}

TEST_CASE("a unit that does not decode is an error, and the next one is not the worse for it") {
  const auto track = pictures_of("testsrc2=s=320x240:r=25:d=9");
  auto decoder = KeyPictures::open(track.parameters);
  REQUIRE(decoder);
  const auto good = decoder->small(track.samples.front().data);
  REQUIRE(good);
  CHECK_FALSE(decoder->small({}));
  CHECK_FALSE(decoder->small(as_bytes("\x00\x00\x00\x05hello this is no picture")));
  const auto again = decoder->small(track.samples.front().data);
  REQUIRE(again);
  CHECK(difference(*good, *again).largest == 0);
  const auto jpeg = decoder->jpeg(track.samples.front().data, 160);
  REQUIRE(jpeg);
  CHECK((*jpeg)[0] == 0xff);
  CHECK((*jpeg)[1] == 0xd8);
}

}  // namespace
}  // namespace shilu::media
