// shilu log: shows the device log and checks it.

#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "capture/journal/device_log.h"
#include "firmware/app/shilu/findings.h"
#include "firmware/base/json_io.h"

namespace shilu::cli {
namespace {

struct Arguments {
  std::string directory;
  bool json = false;
};

// What an entry says beside its time, in one line.
std::string members_of(const journal::LogEntry& entry) {
  if (entry.event == "key") return "";
  const Json members = parse_json(entry.members).value_or(Json::object());
  std::string line;
  for (const auto& [name, value] : members.items()) {
    const auto text = value.is_string() ? value.get<std::string>() : canonical_json(value);
    line += fmt::format(" {}={}", name, text);
  }
  return line;
}

void print(const journal::LogReport& report) {
  for (const auto& entry : report.entries) {
    fmt::print("{}{} {}{}\n", to_rfc3339(entry.utc), entry.synchronised ? " " : "?", presentable(entry.event),
               presentable(members_of(entry)));
  }
  fmt::print("log {} of device {}: {} entries, {} of {} leaves signed\n", report.log_id, report.device_id,
             report.entries.size(), report.signed_leaves, report.leaves);
}

Result<int> show(const Arguments& arguments) {
  SHILU_TRY(const auto report, journal::check_log(arguments.directory));
  return tell_findings(report, arguments.json, [](const auto& told) { print(told); });
}

}  // namespace

void add_log(CLI::App& app, int& exit_code) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command =
      app.add_subcommand("log", "Show what happened to evidence on this device, and check it");
  command->add_option("directory", arguments->directory, "The folder of the device log")->required();
  command->add_flag("--json", arguments->json, "Print JSON");
  command->callback([arguments, &exit_code] {
    const auto code = show(*arguments);
    exit_code = code ? *code : report(code.error(), arguments->json);
  });
}

}  // namespace shilu::cli
