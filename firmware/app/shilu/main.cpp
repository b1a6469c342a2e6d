// shilu: the command line for all of it. Works on folders and files, on a dead device's disk too.

#include <CLI/CLI.hpp>

#include "firmware/app/shilu/command.h"
#include "firmware/base/log.h"

int main(int argc, char** argv) {
  shilu::set_log_identity("shilu", shilu::LogLevel::kWarning);
  CLI::App app("Records lessons, cuts clips that can be proven, packs, submits.", "shilu");
  app.set_version_flag("--version", "shilu " SHILU_VERSION);
  app.require_subcommand(1);
  int exit_code = shilu::cli::kGood;
  for (const shilu::cli::AddCommand add :
       {shilu::cli::add_record, shilu::cli::add_check, shilu::cli::add_export, shilu::cli::add_clip,
        shilu::cli::add_package, shilu::cli::add_verify, shilu::cli::add_serve_demo, shilu::cli::add_lessons,
        shilu::cli::add_submit, shilu::cli::add_carry, shilu::cli::add_queue, shilu::cli::add_sources,
        shilu::cli::add_doctor, shilu::cli::add_keys, shilu::cli::add_retention, shilu::cli::add_log}) {
    add(app, exit_code);
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const int code = app.exit(error);
    return code == 0 ? shilu::cli::kGood : shilu::cli::kWrongUse;
  }
  return exit_code;
}
