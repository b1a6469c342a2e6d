#include "capture/recorder/capture_command.h"

#include <catch2/catch.hpp>

#include "capture/recorder/live_lesson.h"

namespace shilu::test {
namespace {

using Arguments = std::vector<std::string>;

Arguments arguments_of(const std::string& url, const std::filesystem::path& data_directory) {
  config::SourceSettings settings;
  settings.name = "board";
  settings.url = url;
  return recorder::capture_command(settings, data_directory).capture_arguments;
}

TEST_CASE("a shared screen's consent is kept in the appliance's data directory, a source a file") {
  CHECK(arguments_of("screen://portal?fps=10", "/var/lib/shilu") ==
        Arguments{"--source", "board=screen://portal?fps=10", "--consent-file",
                  "/var/lib/shilu/screens/board.consent"});
  CHECK(arguments_of("screen://portal", {}) == Arguments{"--source", "board=screen://portal"});
  CHECK(arguments_of("screen://:0", "/var/lib/shilu") == Arguments{"--source", "board=screen://:0"});
}

TEST_CASE("a network source without a picture is missed as a microphone is") {
  const auto kind = [](const std::string& url) {
    config::SourceSettings settings;
    settings.name = "voice";
    settings.url = url;
    return recorder::capture_command(settings, {}).kind;
  };
  CHECK(kind("rtsp://10.0.0.8/voice#picture=no") == "rtsp-sound");
  CHECK(kind("rtsps://10.0.0.8/voice#onvif=/o&picture=no") == "rtsp-sound");
  CHECK(kind("rtsp://10.0.0.8/picture=no") == "rtsp");
  CHECK(kind("rtsp://10.0.0.8/voice") == "rtsp");
  CHECK(recorder::expected_kind("rtsp-sound") == MediaKind::kAudio);
}

}  // namespace
}  // namespace shilu::test
