// shilu-monitor: looks and listens to what is being recorded, and tells what is wrong with it.
// docs/ref/processes.md.

#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <CLI/CLI.hpp>

#include <csignal>

#include "capture/monitor/monitor.h"
#include "firmware/base/log.h"

namespace {

using namespace shilu;  // a main, not a header

enum ExitCode { kGood = 0, kFailed = 1, kWrongUse = 2 };

// Behind the recording for the processor and last in line for the disk, but not so far behind that a busy
// machine would keep an alarm from being told in time.
void give_way() {
  constexpr int kNice = 5;
  constexpr int kIoprioWhoProcess = 1;  // linux/ioprio.h is not installed everywhere
  constexpr int kIoprioIdle = 3 << 13;  // IOPRIO_PRIO_VALUE(IOPRIO_CLASS_IDLE, 0)
  if (::setpriority(PRIO_PROCESS, 0, kNice) != 0) log_debug("nice is not allowed");
  if (::syscall(SYS_ioprio_set, kIoprioWhoProcess, 0, kIoprioIdle) != 0) log_debug("ionice is not allowed");
}

int run(const std::string& runtime) {
  sigset_t signals;
  ::sigemptyset(&signals);
  ::sigaddset(&signals, SIGTERM);
  ::sigaddset(&signals, SIGINT);
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);  // in all threads; this one waits for them
  give_way();
  const auto monitor = monitor::Monitor::open(runtime);
  if (!monitor) {
    log_error("{}", monitor.error().message);
    return kFailed;
  }
  int number = 0;
  ::sigwait(&signals, &number);
  return kGood;
}

}  // namespace

int main(int argc, char** argv) {
  set_log_identity("shilu-monitor", LogLevel::kInfo);
  CLI::App app("Watches what is being recorded: silence, clipping, hum, black and frozen pictures.",
               "shilu-monitor");
  app.set_version_flag("--version", "shilu " SHILU_VERSION);
  std::string runtime;
  app.add_option("--runtime", runtime, "where the sockets are")->required();
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kGood : kWrongUse;
  }
  return run(runtime);
}
