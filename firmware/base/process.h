#pragma once
// Child processes: fork and exec, never through a shell. The child begins with default signals, stdin from
// /dev/null and no descriptor of ours beyond stdout and stderr.

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "firmware/base/clock.h"
#include "firmware/base/result.h"

namespace shilu {

enum class Lifetime {
  kWithParent,  // gets SIGTERM when the thread that started it ends (so the kernel counts), hence with the
                // parent
  kDetached,    // own session; outlives the parent
};

struct ProcessOptions {
  std::filesystem::path program;               // a path; PATH is searched only for a bare name
  std::vector<std::string> arguments;          // without the program's name
  std::vector<std::string> extra_environment;  // "NAME=value"
  Lifetime lifetime = Lifetime::kWithParent;
  std::optional<std::filesystem::path> log_file;  // stdout and stderr appended there; else inherited
};

// A started child. Destroying it does not end it.
class ChildProcess {
 public:
  // A program that cannot be executed is an error here, not an exit status.
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
