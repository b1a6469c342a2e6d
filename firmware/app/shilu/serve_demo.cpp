// shilu serve-demo: a classroom to look at, until Ctrl-C.

#include <fmt/format.h>
#include <signal.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdlib>
#include <iostream>

#include "firmware/app/shilu/command.h"
#include "firmware/app/shilu/demo_accounts.h"
#include "firmware/app/shilu/demo_classroom.h"
#include "firmware/base/file_system.h"
#include "firmware/base/json_io.h"

namespace shilu::cli {
namespace {

namespace fs = std::filesystem;

struct Arguments {
  std::string directory;
  std::string json_file;
  bool any_ports = false;
  bool json = false;
};

fs::path default_directory() {
  if (const char* state = std::getenv("XDG_STATE_HOME")) return fs::path(state) / "shilu-demo";
  if (const char* home = std::getenv("HOME")) return fs::path(home) / ".local/state/shilu-demo";
  return "/tmp/shilu-demo";
}

void print_where_to_click(const Json& told) {
  fmt::print("\nThe demonstration classroom is running.\n\n  Teacher   {}\n",
             told["device_url"].get<std::string>());
  for (const DemoAccount& teacher : kDemoTeachers)
    fmt::print("            {} {}  PIN {}\n", teacher.id, teacher.name, teacher.pin);
  fmt::print("\n  Assessor  {}\n", told["platform_url"].get<std::string>());
  for (const DemoAccount& assessor : kDemoAssessors)
    fmt::print("            {} {}  PIN {}\n", assessor.id, assessor.name, assessor.pin);
  fmt::print("\n  Lessons   {}\n  Logs      {}\n\nCtrl-C ends all of it.\n",
             told["lessons_directory"].get<std::string>(), told["logs_directory"].get<std::string>());
  std::cout.flush();
}

// Waits for Ctrl-C or SIGTERM. An error: a program did not stay alive, or ended by itself and runs again.
Status wait_for_end(DemoClassroom& classroom, const sigset_t& signals) {
  const timespec second{1, 0};
  Status all_well;
  while (sigtimedwait(&signals, nullptr, &second) <= 0) {
    SHILU_TRY(const std::string ended, classroom.restart_ended());
    if (ended.empty()) continue;
    fmt::print(stderr, "{} had ended by itself; it runs again.\n", ended);
    if (all_well) all_well = fail(ErrorKind::kInternal, fmt::format("{} had ended by itself", ended));
  }
  return all_well;
}

Result<int> serve(const Arguments& arguments) {
  // Blocked before any thread or child is started, so that only wait_for_end sees them.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);

  DemoOptions options;
  options.directory =
      fs::absolute(arguments.directory.empty() ? default_directory() : fs::path(arguments.directory));
  options.share = program_directory().parent_path() / "share";
  if (arguments.any_ports) options.device_port = options.platform_port = options.camera_port = 0;
  DemoClassroom classroom(options);
  SHILU_CHECK(classroom.start());
  const Json told = classroom.description();
  if (!arguments.json_file.empty()) {
    SHILU_CHECK(write_file_atomic(arguments.json_file, as_bytes(canonical_json(told)), 0600));
  }
  if (arguments.json) {
    print_json(told);
  } else {
    print_where_to_click(told);
  }
  const auto ended = wait_for_end(classroom, signals);
  classroom.stop();
  if (ended) return kGood;
  return fail(ErrorKind::kInternal,
              fmt::format("{}; its log is in {}/logs", ended.error().message, options.directory.string()));
}

}  // namespace

void add_serve_demo(CLI::App& app, int& exit_code) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command =
      app.add_subcommand("serve-demo", "Run a demonstration classroom: cameras, appliance, platform");
  command->add_option("--directory", arguments->directory,
                      "Where everything is kept (default: ~/.local/state/shilu-demo)");
  command->add_option("--json-file", arguments->json_file,
                      "Write addresses and accounts there once all is ready");
  command->add_flag("--any-ports", arguments->any_ports, "Use free ports instead of 8780, 8790 and 8554");
  command->add_flag("--json", arguments->json, "Print addresses and accounts as JSON");
  command->callback([arguments, &exit_code] {
    const auto code = serve(*arguments);
    exit_code = code ? *code : report(code.error(), arguments->json);
  });
}

}  // namespace shilu::cli
