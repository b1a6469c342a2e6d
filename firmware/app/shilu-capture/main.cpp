// shilu-capture: one source -> access units on a Unix socket, for the recorder. docs/ref/sources.md.

#include <CLI/CLI.hpp>

#include <csignal>
#include <cstring>
#include <map>
#include <thread>

#include "capture/live/capture.h"
#include "firmware/base/file_system.h"
#include "firmware/base/log.h"

namespace {

using namespace shilu;  // a main, not a header

enum ExitCode { kGood = 0, kFailed = 1, kWrongUse = 2 };

struct Arguments {
  std::string source;
  std::string socket;
  live::TransportChoice transport = live::TransportChoice::kAuto;
  std::string user;
  std::string password_file;
  double linger_s = 60;
};

void declare(CLI::App& app, Arguments& arguments) {
  const std::map<std::string, live::TransportChoice> transports{{"auto", live::TransportChoice::kAuto},
                                                                {"tcp", live::TransportChoice::kTcp},
                                                                {"udp", live::TransportChoice::kUdp}};
  app.add_option("--source", arguments.source, "NAME=URL of what is recorded")->required();
  app.add_option("--socket", arguments.socket, "where the recorder connects")->required();
  app.add_option("--transport", arguments.transport, "how an RTSP camera sends: auto, tcp or udp")
      ->transform(CLI::CheckedTransformer(transports));
  app.add_option("--user", arguments.user, "user name for the camera");
  app.add_option("--password-file", arguments.password_file,
                 "file whose first line is the camera's password");
  app.add_option("--linger", arguments.linger_s, "seconds to live on without a recorder")
      ->check(CLI::Range(0.1, 3600.0));
}

Result<live::CaptureOptions> options_from(const Arguments& arguments) {
  live::CaptureOptions options;
  SHILU_TRY(options.source, live::parse_source(arguments.source));
  options.socket = arguments.socket;
  options.transport = arguments.transport;
  options.linger = std::chrono::duration_cast<Nanoseconds>(std::chrono::duration<double>(arguments.linger_s));
  if (!arguments.user.empty()) options.source.user = arguments.user;
  if (!arguments.password_file.empty()) {
    SHILU_TRY(const auto text, read_text_file(arguments.password_file, 4096));
    options.source.password = text.substr(0, text.find_first_of("\r\n"));
  }
  SHILU_CHECK(live::check_options(options.source));
  return options;
}

// The address may hold a password, and every user of the machine can read a process's arguments.
void hide_arguments(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    char* at = std::strrchr(argv[i], '@');
    char* from = std::strstr(argv[i], "://");
    if (at != nullptr && from != nullptr && from < at)
      std::memset(from + 3, '*', static_cast<std::size_t>(at - from) - 3);
  }
}

sigset_t end_signals() {
  sigset_t signals;
  ::sigemptyset(&signals);
  ::sigaddset(&signals, SIGTERM);
  ::sigaddset(&signals, SIGINT);
  return signals;
}

// Waits for a signal; then the capture has two seconds to leave the camera in good order.
void end_on_signal(std::stop_source stop) {
  const auto signals = end_signals();
  int number = 0;
  ::sigwait(&signals, &number);
  log_info("ending: signal {}", number);
  stop.request_stop();
  std::this_thread::sleep_for(std::chrono::seconds(2));
  ::_exit(kGood);
}

int report(const Error& error, int code) {
  log_error("{}", error.message);
  return code;
}

}  // namespace

int main(int argc, char** argv) {
  set_log_identity("shilu-capture", LogLevel::kInfo);
  CLI::App app("Takes one camera, screen or microphone and hands its units to the recorder.",
               "shilu-capture");
  app.set_version_flag("--version", "shilu " SHILU_VERSION);
  Arguments arguments;
  declare(app, arguments);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kGood : kWrongUse;
  }
  const auto options = options_from(arguments);
  hide_arguments(argc, argv);
  if (!options) return report(options.error(), kWrongUse);

  const auto signals = end_signals();
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);  // in all threads; one waits for them
  std::stop_source stop;
  std::thread(end_on_signal, stop).detach();
  live::initialise();
  const auto ended = live::run_capture(*options, stop);
  if (!ended) return report(ended.error(), kFailed);
  // Without the destructors of libraries whose threads may still run.
  ::_exit(kGood);
}
