// shilu-recorder: supervises the captures and brings lessons to the disk, whatever else happens on the
// device. SIGTERM ends the process in good order and not the lesson: the next start resumes it.

#include <CLI/CLI.hpp>

#include <csignal>

#include "capture/recorder/capture_command.h"
#include "capture/recorder/control_protocol.h"
#include "capture/recorder/control_server.h"
#include "config/appliance.h"
#include "firmware/base/log.h"

namespace {

using namespace shilu;  // a main, not a header

enum ExitCode { kGood = 0, kFailed = 1, kWrongUse = 2 };

struct Arguments {
  std::string config;
  std::string lessons;
  std::string runtime;
  std::string keys;
  std::string tpm;
  std::vector<std::string> sources;
  std::uint64_t reserve = 2'000'000'000;
  std::string capture;
};

struct Plan {
  recorder::RecorderSettings settings;
  std::filesystem::path keys;
  KeyOptions key_options;
};

void declare(CLI::App& app, Arguments& arguments) {
  auto* config = app.add_option("--config", arguments.config, "the appliance's settings (TOML)");
  app.add_option("--lessons", arguments.lessons, "where lessons are recorded")->excludes(config);
  app.add_option("--runtime", arguments.runtime, "where the sockets are")->excludes(config);
  app.add_option("--keys", arguments.keys, "where the device's keys are")->excludes(config);
  app.add_option("--tpm", arguments.tpm, "the TPM that holds the keys, as a TCTI; else files")
      ->excludes(config);
  app.add_option("--source", arguments.sources, "NAME=URL of what is recorded; may be repeated")
      ->excludes(config);
  app.add_option("--reserve", arguments.reserve, "bytes that must be free for a lesson to begin")
      ->excludes(config);
  app.add_option("--capture", arguments.capture, "the capture program, if it is not beside this one");
}

Status plan_from_config(const Arguments& arguments, Plan& plan) {
  SHILU_TRY(const auto appliance, config::load_appliance(arguments.config));
  plan.settings.lessons_directory = appliance.lessons_directory();
  plan.settings.runtime_directory = appliance.runtime_directory;
  plan.settings.reserve_bytes = appliance.reserve_bytes;
  plan.settings.pre_roll = std::chrono::seconds(appliance.pre_roll_s);
  plan.keys = appliance.keys_directory();
  plan.key_options.tpm = appliance.tpm;
  for (const auto& source : appliance.sources)
    plan.settings.sources.push_back(recorder::capture_command(source, appliance.data_directory));
  return {};
}

Status plan_from_flags(const Arguments& arguments, Plan& plan) {
  if (arguments.lessons.empty() || arguments.runtime.empty() || arguments.keys.empty()) {
    return fail(ErrorKind::kInvalidArgument, "give --config FILE, or --lessons, --runtime and --keys");
  }
  plan.settings.lessons_directory = arguments.lessons;
  plan.settings.runtime_directory = arguments.runtime;
  plan.settings.reserve_bytes = arguments.reserve;
  plan.keys = arguments.keys;
  plan.key_options.tpm = arguments.tpm;
  for (const auto& argument : arguments.sources) {
    SHILU_TRY(const auto source, config::parse_source_argument(argument));
    plan.settings.sources.push_back(recorder::capture_command(source));
  }
  return {};
}

Result<Plan> plan_from(const Arguments& arguments) {
  Plan plan;
  SHILU_CHECK(arguments.config.empty() ? plan_from_flags(arguments, plan)
                                       : plan_from_config(arguments, plan));
  plan.settings.capture_program =
      arguments.capture.empty() ? recorder::capture_program() : std::filesystem::path(arguments.capture);
  plan.settings.software = "shilu " SHILU_VERSION;
  return plan;
}

sigset_t end_signals() {
  sigset_t signals;
  ::sigemptyset(&signals);
  ::sigaddset(&signals, SIGTERM);
  ::sigaddset(&signals, SIGINT);
  return signals;
}

void await(const sigset_t& signals) {
  int number = 0;
  ::sigwait(&signals, &number);
  log_info("ending: signal {}", number);
}

Status run(Plan plan) {
  const auto signals = end_signals();
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);  // in all threads; this one waits for them
  SHILU_CHECK(recorder::prepare_runtime_directory(plan.settings.runtime_directory));
  // First of all: it keeps a second recorder away from the same captures.
  SHILU_TRY(auto listener, listen_unix(recorder::control_socket(plan.settings.runtime_directory)));
  SHILU_TRY(auto key, load_or_create_certified(plan.keys, KeyRole::kRecording, plan.key_options));
  if (auto previous = load_previous_certified(plan.keys, KeyRole::kRecording, plan.key_options))
    plan.settings.previous_key = std::move(*previous);
  const SystemClock clock;
  recorder::EventHub hub;
  SHILU_TRY(const auto recorder, recorder::Recorder::open(std::move(plan.settings), std::move(key),
                                                          posix_file_system(), clock, &hub));
  const recorder::ControlServer server(std::move(listener), *recorder, hub);
  await(signals);
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  set_log_identity("shilu-recorder", LogLevel::kInfo);
  CLI::App app("Records lessons from this device's sources.", "shilu-recorder");
  app.set_version_flag("--version", "shilu " SHILU_VERSION);
  Arguments arguments;
  declare(app, arguments);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kGood : kWrongUse;
  }
  auto plan = plan_from(arguments);
  const auto ended = plan ? run(std::move(*plan)) : Status(fail(plan.error()));
  if (ended) return kGood;
  log_error("{}", ended.error().message);
  return ended.error().kind == ErrorKind::kInvalidArgument ? kWrongUse : kFailed;
}
