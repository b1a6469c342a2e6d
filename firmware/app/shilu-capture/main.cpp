// shilu-capture: one source -> access units on a Unix socket, for the recorder. docs/ref/sources.md.

#include <CLI/CLI.hpp>

#include <csignal>
#include <cstdio>
#include <cstring>
#include <map>
#include <thread>

#include "capture/live/capture.h"
#include "capture/live/devices.h"
#include "capture/live/onvif.h"
#include "firmware/base/file_system.h"
#include "firmware/base/json_io.h"
#include "firmware/base/log.h"

namespace {

using namespace shilu;  // a main, not a header

enum ExitCode { kGood = 0, kFailed = 1, kWrongUse = 2 };

struct Arguments {
  std::string source;
  std::string socket;
  std::string live_socket;
  live::TransportChoice transport = live::TransportChoice::kAuto;
  std::string user;
  std::string password_file;
  std::string consent_file;
  double linger_s = 60;
  bool quick = false;
  bool list = false;
  double discover_s = 0;
};

void declare(CLI::App& app, Arguments& arguments) {
  const std::map<std::string, live::TransportChoice> transports{{"auto", live::TransportChoice::kAuto},
                                                                {"tcp", live::TransportChoice::kTcp},
                                                                {"udp", live::TransportChoice::kUdp}};
  auto* list =
      app.add_flag("--list", arguments.list, "print what of this machine can be a source, as JSON, and end");
  app.add_option("--discover", arguments.discover_s,
                 "ask the network for ONVIF cameras for so many seconds; with --list")
      ->needs(list)
      ->check(CLI::Range(0.1, 30.0));
  app.add_option("--source", arguments.source, "NAME=URL of what is recorded")->excludes(list);
  app.add_option("--socket", arguments.socket, "where the recorder connects")->excludes(list);
  app.add_flag("--quick", arguments.quick,
               "for a quick look: a camera's first seconds come at once, with rough times; nobody is asked");
  app.add_option("--live-socket", arguments.live_socket,
                 "where others look on; usually live-NAME.sock beside capture-NAME.sock");
  app.add_option("--transport", arguments.transport, "how an RTSP camera sends: auto, tcp or udp")
      ->transform(CLI::CheckedTransformer(transports));
  app.add_option("--user", arguments.user, "user name for the camera");
  app.add_option("--password-file", arguments.password_file,
                 "file whose first line is the camera's password");
  app.add_option("--consent-file", arguments.consent_file,
                 "where the consent to a shared screen is kept, so that nobody is asked twice");
  app.add_option("--linger", arguments.linger_s, "seconds to live on without a recorder")
      ->check(CLI::Range(0.1, 3600.0));
}

Result<live::CaptureOptions> options_from(const Arguments& arguments) {
  if (arguments.source.empty() || arguments.socket.empty()) {
    return fail(ErrorKind::kInvalidArgument, "give --source NAME=URL and --socket PATH, or --list");
  }
  live::CaptureOptions options;
  if (arguments.quick) options.times.start = live::StartTimes::kAsTheyCome;
  if (arguments.quick) options.asking = live::Asking::kNever;
  options.consent_file = arguments.consent_file;
  SHILU_TRY(options.source, live::parse_source(arguments.source));
  options.socket = arguments.socket;
  options.live_socket = arguments.live_socket.empty() ? live::live_socket_beside(options.socket)
                                                      : std::filesystem::path(arguments.live_socket);
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

Json discovered(double seconds) {
  Json cameras = Json::array();
  if (seconds <= 0) return cameras;
  const auto found = live::discover_cameras(seconds);
  if (!found) log_warning("{}", found.error().message);
  if (!found) return cameras;
  for (const auto& camera : *found)
    cameras.push_back({{"address", camera.address}, {"onvif", camera.device_url}, {"name", camera.name}});
  return cameras;
}

int list_devices(double discover_s) {
  live::initialise();
  Json devices = Json::array();
  for (const auto& device : live::find_devices()) {
    devices.push_back(
        {{"kind", device.kind}, {"url", device.url}, {"label", device.label}, {"modes", device.modes}});
  }
  std::puts(canonical_json({{"devices", std::move(devices)}, {"cameras", discovered(discover_s)}}).c_str());
  std::fflush(stdout);
  ::_exit(kGood);  // without the destructors of libraries whose threads may still run
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
  if (arguments.list) return list_devices(arguments.discover_s);
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
