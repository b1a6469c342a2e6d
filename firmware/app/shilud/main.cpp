// shilud: the appliance's pages and API, its index, and the outbox.

#include <fmt/format.h>
#include <signal.h>

#include <CLI/CLI.hpp>
#include <cstdio>

#include "config/appliance.h"
#include "firmware/base/log.h"
#include "firmware/portal/portal.h"

namespace {

int fail_with(const shilu::Error& error) {
  shilu::log_error("{}", error.message);
  return 1;
}

int serve(const std::string& config, const std::string& accounts) {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);  // before any thread: only sigwait below takes them

  auto settings = shilu::config::load_appliance(config);
  if (!settings) return fail_with(settings.error());
  auto portal = shilu::portal::Portal::open(std::move(*settings), accounts);
  if (!portal) return fail_with(portal.error());
  if (const auto started = (*portal)->start(); !started) return fail_with(started.error());
  fmt::print("{{\"port\":{}}}\n", (*portal)->port());
  std::fflush(stdout);
  int signal = 0;
  sigwait(&signals, &signal);
  (*portal)->stop();
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  shilu::set_log_identity("shilud", shilu::LogLevel::kInfo);
  CLI::App app("The appliance's pages and API.", "shilud");
  std::string config;
  std::string accounts;
  app.add_option("--config", config, "The appliance's settings (TOML)")->required();
  app.add_option("--accounts", accounts, "Teachers to know: {\"teachers\":[{\"id\",\"name\",\"pin\"}]}");
  app.set_version_flag("--version", "shilud " SHILU_VERSION);
  CLI11_PARSE(app, argc, argv);
  return serve(config, accounts);
}
