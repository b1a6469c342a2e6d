// shilu doctor: is this machine fit to record?

#include "config/doctor.h"

#include <fmt/format.h>

#include "firmware/app/shilu/appliance_option.h"
#include "firmware/app/shilu/command.h"
#include "firmware/base/json_io.h"

namespace shilu::cli {
namespace {

Result<int> examine_appliance(const ApplianceArguments& arguments) {
  SHILU_TRY(const config::ApplianceSettings settings, config::load_appliance(arguments.config));
  const auto checks = config::examine(settings, SystemClock());
  if (arguments.json) {
    print_json(config::to_json(checks));
  } else {
    for (const config::HealthCheck& check : checks) {
      fmt::print("{:<9} {:<9} {}\n", config::to_string(check.health), check.id, check.text);
    }
  }
  return config::worst(checks) == config::Health::kCritical ? kFailed : kGood;
}

}  // namespace

void add_doctor(CLI::App& app, int& exit_code) {
  CLI::App* command = app.add_subcommand("doctor", "Tell whether this machine is fit to record");
  const auto arguments = add_appliance_options(*command);
  command->callback([arguments, &exit_code] {
    const auto code = examine_appliance(*arguments);
    exit_code = code ? *code : report(code.error(), arguments->json);
  });
}

}  // namespace shilu::cli
