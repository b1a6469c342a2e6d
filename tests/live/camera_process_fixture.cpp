#include <fmt/format.h>

#include <csignal>

#include <catch2/catch.hpp>

#include "firmware/base/file_system.h"
#include "tests/base/eventually.h"
#include "tests/live/camera_process.h"

namespace shilu::test {

std::string playing(const std::string& file) {
  return fmt::format(
      "( filesrc location={} ! qtdemux name=file file.video_0 ! queue ! h264parse ! rtph264pay name=pay0 "
      "config-interval=-1 file.audio_0 ! queue ! aacparse ! rtpmp4gpay name=pay1 )",
      file);
}

Camera::Camera(std::string launch, std::vector<std::string> options)
    : launch_(std::move(launch)), options_(std::move(options)) {
  start();
}

Camera::~Camera() {
  kill();
}

void Camera::start() {
  const auto log = directory_ / fmt::format("log{}", starts_++);
  ProcessOptions options;
  options.program = "python3";
  options.arguments = {std::string(SHILU_SOURCE_DIR) + "/tests/live/camera.py", launch_, "--port",
                       std::to_string(port_)};
  options.arguments.insert(options.arguments.end(), options_.begin(), options_.end());
  options.log_file = log;
  auto process = ChildProcess::start(options);
  REQUIRE(process);
  process_ = *process;
  std::string said;
  REQUIRE(eventually([&] {
    said = read_text_file(log).value_or("");
    return said.find('\n') != std::string::npos || process_.poll().has_value();
  }));
  INFO(said);
  REQUIRE_FALSE(process_.poll().has_value());
  port_ = std::stoi(said);
}

void Camera::kill() {
  ::kill(process_.pid(), SIGCONT);
  ::kill(process_.pid(), SIGKILL);
  process_.stop(std::chrono::seconds(1));
}

void Camera::freeze() {
  ::kill(process_.pid(), SIGSTOP);
}

void Camera::thaw() {
  ::kill(process_.pid(), SIGCONT);
}

std::string Camera::url(const std::string& credentials) const {
  return fmt::format("rtsp://{}127.0.0.1:{}/stream", credentials, port_);
}

}  // namespace shilu::test
