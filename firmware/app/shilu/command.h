#pragma once
// A command of `shilu`: one file each.

#include "firmware/app/console/console.h"

namespace CLI {
class App;
}

namespace shilu::cli {

// Adds a subcommand; its callback stores the exit code in `exit_code`.
using AddCommand = void (*)(CLI::App& app, int& exit_code);

void add_record(CLI::App& app, int& exit_code);
void add_check(CLI::App& app, int& exit_code);
void add_export(CLI::App& app, int& exit_code);
void add_clip(CLI::App& app, int& exit_code);
void add_package(CLI::App& app, int& exit_code);
void add_verify(CLI::App& app, int& exit_code);
void add_serve_demo(CLI::App& app, int& exit_code);
void add_lessons(CLI::App& app, int& exit_code);
void add_submit(CLI::App& app, int& exit_code);
void add_carry(CLI::App& app, int& exit_code);
void add_queue(CLI::App& app, int& exit_code);
void add_sources(CLI::App& app, int& exit_code);
void add_doctor(CLI::App& app, int& exit_code);
void add_keys(CLI::App& app, int& exit_code);
void add_retention(CLI::App& app, int& exit_code);
void add_log(CLI::App& app, int& exit_code);

}  // namespace shilu::cli
