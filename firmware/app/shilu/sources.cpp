// shilu sources: in a program of its own. It decodes, and the libraries for that take longer to load than most
// other commands take to run.

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cerrno>

#include "firmware/app/shilu/command.h"
#include "firmware/base/process.h"

namespace shilu::cli {
namespace {

// Does not return if all is well.
int become_sources(std::vector<std::string> arguments) {
  const std::string program = program_directory() / "shilu-sources";
  arguments.insert(arguments.begin(), program);
  std::vector<char*> argv;
  for (auto& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  ::execv(program.c_str(), argv.data());
  return report(fail_errno(errno, "run " + program).value(), false);
}

}  // namespace

void add_sources(CLI::App& app, int& exit_code) {
  CLI::App* command =
      app.add_subcommand("sources", "Tell what can be recorded here, with a picture and a sound level");
  command->set_help_flag();  // it has its own
  command->prefix_command();
  command->callback([command, &exit_code] { exit_code = become_sources(command->remaining()); });
}

}  // namespace shilu::cli
