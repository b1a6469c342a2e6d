// shilu-platform: the reference assessment platform on one machine. Says {"port":N} on stdout once it answers; SIGTERM and
// SIGINT end it in good order.

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <iostream>

#include "firmware/base/log.h"
#include "upload/platform/platform.h"

namespace {

using namespace shilu;  // a main, not a header

enum ExitCode { kGood = 0, kFailed = 1, kWrongUse = 2 };

struct Arguments {
  platform::PlatformSettings settings;
  std::string directory, accounts, catalogue, www;
};

void declare(CLI::App& app, Arguments& arguments) {
  app.add_option("--directory", arguments.directory, "where everything is kept")->required();
  app.add_option("--port", arguments.settings.port, "0: any free one")->required();
  app.add_option("--address", arguments.settings.address, "to listen on")->capture_default_str();
  app.add_option("--accounts", arguments.accounts, R"({"assessors":[{"id","name","pin"}]})")->required();
  app.add_option("--catalogue", arguments.catalogue, "the ability points that are judged")->required();
  app.add_option("--www", arguments.www, "the assessors' page")->required();
  app.add_option("--claim", arguments.settings.claim, "the code that devices enrol with")->required();
  app.add_option("--name", arguments.settings.name, "of the platform, as receipts say it")->capture_default_str();
  app.add_option("--max-package", arguments.settings.max_package, "bytes")->capture_default_str();
  app.add_option("--reserve", arguments.settings.reserve, "bytes of the disk that uploads never fill")
      ->capture_default_str();
}

sigset_t end_signals() {
  sigset_t signals;
  ::sigemptyset(&signals);
  ::sigaddset(&signals, SIGTERM);
  ::sigaddset(&signals, SIGINT);
  return signals;
}

Status run(Arguments arguments) {
  const auto signals = end_signals();
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);  // in all threads; this one waits for them
  if (arguments.settings.claim.empty())
    return fail(ErrorKind::kInvalidArgument, "the claim code must not be empty: anybody could enrol a device");
  SHILU_TRY(config::Catalogue catalogue, config::load_catalogue(arguments.catalogue));
  arguments.settings.directory = std::filesystem::absolute(arguments.directory);
  arguments.settings.www = std::filesystem::absolute(arguments.www);
  const SystemClock clock;
  SHILU_TRY(const auto platform, platform::Platform::start(std::move(arguments.settings), std::move(catalogue),
                                                           arguments.accounts, clock));
  std::cout << fmt::format("{{\"port\":{}}}", platform->port()) << std::endl;
  int number = 0;
  ::sigwait(&signals, &number);
  log_info("ending: signal {}", number);
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  set_log_identity("shilu-platform", LogLevel::kInfo);
  CLI::App app("Receives evidence packages, verifies them, and has them judged blind.", "shilu-platform");
  app.set_version_flag("--version", "shilu " SHILU_VERSION);
  Arguments arguments;
  declare(app, arguments);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kGood : kWrongUse;
  }
  const auto ended = run(std::move(arguments));
  if (ended) return kGood;
  log_error("{}", ended.error().message);
  return ended.error().kind == ErrorKind::kInvalidArgument ? kWrongUse : kFailed;
}
