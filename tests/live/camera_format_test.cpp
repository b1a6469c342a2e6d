#include "capture/live/camera_format.h"

#include <catch2/catch.hpp>

#include "capture/live/capture.h"

using namespace shilu::live;

namespace {

// The rates that are asked for of a camera which is to give 25 pictures a second.
std::string asked(const std::string& offers) {
  initialise();
  const auto caps = camera_caps({1280, 720, 25}, offers);
  const auto begin = caps.find("framerate=") + 10;
  return caps.substr(begin, caps.find(';') - begin);
}

}  // namespace

TEST_CASE("what a camera compresses itself goes before what it does not") {
  initialise();
  CHECK(camera_caps({640, 360, 5}, "") ==
        "video/x-h264,width=640,height=360,framerate=[1/1,5/1];"
        "image/jpeg,width=640,height=360,framerate=[1/1,5/1];"
        "video/x-raw,width=640,height=360,framerate=[1/1,5/1]");
}

TEST_CASE("of a camera's rates the one that was asked for or a little less") {
  CHECK(asked("image/jpeg,width=1280,height=720,framerate={(fraction)30/1,(fraction)25/1}") == "[15/1,25/1]");
  CHECK(asked("video/x-raw,width=1280,height=720,framerate={(fraction)30/1,(fraction)20/1}") ==
        "[15/1,25/1]");
}

TEST_CASE("a camera that offers only more, or only much less, is recorded") {
  CHECK(asked("image/jpeg,width=1280,height=720,framerate=30/1") == "[25/1,30/1]");
  CHECK(asked("image/jpeg,width=1280,height=720,framerate={(fraction)60/1,(fraction)30/1,(fraction)10/1}") ==
        "[25/1,30/1]");
  CHECK(asked("video/x-raw,width=1280,height=720,framerate=60/1") == "[25/1,60/1]");
  CHECK(asked("video/x-raw,width=1280,height=720,framerate=10/1") == "[1/1,25/1]");
}

TEST_CASE("what nothing on offer fits is asked for all the same, so that its own error says so") {
  CHECK(asked("image/jpeg,width=640,height=480,framerate=30/1") == "[15/1,25/1]");
  CHECK(asked("what is no caps at all") == "[15/1,25/1]");
}
