// A capture's end, in this process: it comes, whatever the camera's packets are doing at that moment.

#include <catch2/catch.hpp>

#include <future>
#include <random>
#include <thread>

#include "capture/live/capture.h"
#include "tests/base/temporary_directory.h"
#include "tests/live/camera_process.h"
#include "tests/live/capture_process.h"

namespace shilu::test {
namespace {

// Over TCP one thread of GStreamer brings the packets all the way to where they are taken.
TEST_CASE("a camera whose packets never cease is left at once, whenever that is") {
  live::initialise();
  Camera camera(
      "( videotestsrc is-live=true pattern=snow ! video/x-raw,width=640,height=480,framerate=30/1 ! x264enc "
      "tune=zerolatency speed-preset=ultrafast bitrate=12000 key-int-max=5 ! rtph264pay name=pay0 mtu=300 "
      "config-interval=-1 audiotestsrc is-live=true samplesperbuffer=1024 ! "
      "audio/x-raw,rate=48000,channels=1 ! avenc_aac ! rtpmp4gpay name=pay1 )",
      {"--shared"});
  const TemporaryDirectory directory;
  std::minstd_rand random(7);
  for (int attempt = 0; attempt < 20; ++attempt) {
    live::CaptureOptions options;
    options.source = live::parse_source("room=" + camera.url()).value();
    options.socket = directory / "capture-x.sock";
    options.transport = live::TransportChoice::kTcp;
    options.times.start = live::StartTimes::kAsTheyCome;
    std::stop_source stop;
    auto ended = std::async(std::launch::async, [&] { (void)live::run_capture(options, stop); });
    Peer peer(options.socket);
    REQUIRE(peer.read_units(MediaKind::kVideo, 2));
    std::this_thread::sleep_for(std::chrono::microseconds(random() % 40'000));
    stop.request_stop();
    INFO(attempt);
    REQUIRE(ended.wait_for(std::chrono::seconds(10)) == std::future_status::ready);
  }
}

}  // namespace
}  // namespace shilu::test
