#pragma once
// tests/live/camera.py as a process: an RTSP camera on loopback that can be killed, frozen and started again.

#include <string>
#include <vector>

#include "firmware/base/process.h"
#include "tests/base/temporary_directory.h"

namespace shilu::test {

// Pipeline text of a camera that plays a file of H.264 and AAC once, in real time.
std::string playing(const std::string& file);

class Camera {
 public:
  explicit Camera(std::string launch, std::vector<std::string> options = {});
  ~Camera();
  void start();  // again, on the same port
  void kill();   // as if its plug were pulled
  void freeze();
  void thaw();
  void change_options(std::vector<std::string> options) { options_ = std::move(options); }
  void change(std::string launch) { launch_ = std::move(launch); }  // from the next start on
  int port() const { return port_; }
  std::string url(const std::string& credentials = "") const;  // "rtsp://127.0.0.1:PORT/stream"

 private:
  TemporaryDirectory directory_;
  std::string launch_;
  std::vector<std::string> options_;
  ChildProcess process_;
  int port_ = 0;
  int starts_ = 0;
};

}  // namespace shilu::test
