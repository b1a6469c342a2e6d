#pragma once
// Child processes: started with posix_spawn, never through a shell.

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "firmware/base/clock.h"
#include "firmware/base/result.h"

namespace shilu {

enum class Lifetime {
  kWithParent,  // gets SIGTERM when the parent dies
  kDetached,    // own session; outlives the parent
};

struct ProcessOptions {
  std::filesystem::path program;
  std::vector<std::string> arguments;             // without the program's name
  std::vector<std::string> extra_environment;     // "NAME=value"
  Lifetime lifetime = Lifetime::kWithParent;
  std::optional<std::filesystem::path> log_file;  // stdout and stderr appended there; else inherited
};

// A started child. Destroying it does not end it.
class ChildProcess {
 public:
  static Result<ChildProcess> start(const ProcessOptions& options);
  pid_t pid() const { return pid_; }
  // The exit status once it has ended (128 + signal if killed); reaps it.
  std::optional<int> poll();
  // SIGTERM, then SIGKILL after `grace`; waits for the end.
  int stop(Nanoseconds grace);

 private:
  pid_t pid_ = -1;
  std::optional<int> status_;
};

// The directory of the running program: our programs stand side by side.
std::filesystem::path program_directory();

}  // namespace shilu
