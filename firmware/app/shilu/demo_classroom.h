#pragma once
// The demonstration classroom: cameras, appliance and platform as child processes of one command, each the
// real program with its real settings, on loopback. Thread-bound. Everything lives in one directory, logs
// included.

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "firmware/base/json.h"
#include "firmware/base/process.h"
#include "firmware/base/result.h"

namespace shilu::cli {

struct DemoOptions {
  std::filesystem::path directory;
  std::filesystem::path share;       // www/teacher, www/assessor, catalogues
  std::uint16_t device_port = 8780;  // 0: any free one
  std::uint16_t platform_port = 8790;
  std::uint16_t camera_port = 8554;
};

class DemoClassroom {
 public:
  explicit DemoClassroom(DemoOptions options) : options_(std::move(options)) {}
  // Starts everything and waits until each has said that it is ready. On an error what was started is stopped
  // again.
  Status start();
  // Addresses, accounts and paths, for people and for tests. After start().
  Json description() const;
  // Starts what has ended by itself again, at its old address, as systemd does on an appliance; its log goes
  // on under another name. -> its name, or "". An error: it does not stay alive.
  Result<std::string> restart_ended();
  // Ends everything, last started first.
  void stop();

 private:
  struct Running {
    std::string name;
    ChildProcess process;
    std::chrono::steady_clock::time_point since;
  };
  Status start_all();
  Status start_cameras();
  Status start_platform();
  Status start_appliance();
  Status start_recorder();
  Status start_shilud();
  Status launch(const std::string& name, const std::string& program, std::vector<std::string> arguments);
  // The JSON line that the program prints when it is ready.
  Result<Json> ready_line(const std::string& name);
  Status write_settings() const;
  std::filesystem::path settings() const;
  std::filesystem::path log_of(const std::string& name) const;
  std::string url(std::uint16_t port) const;

  DemoOptions options_;
  std::vector<Running> running_;
  int short_lives_ = 0;
};

}  // namespace shilu::cli
