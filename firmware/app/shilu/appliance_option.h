#pragma once
// --config for the commands that look at an appliance: its settings, or the default place.

#include <CLI/CLI.hpp>
#include <memory>
#include <string>

#include "config/appliance.h"

namespace shilu::cli {

inline constexpr const char* kDefaultSettings = "/etc/shilu/appliance.toml";

struct ApplianceArguments {
  std::string config = kDefaultSettings;
  bool json = false;
};

inline std::shared_ptr<ApplianceArguments> add_appliance_options(CLI::App& command) {
  auto arguments = std::make_shared<ApplianceArguments>();
  command.add_option("--config", arguments->config, "The appliance's settings")->capture_default_str();
  command.add_flag("--json", arguments->json, "Print JSON");
  return arguments;
}

}  // namespace shilu::cli
