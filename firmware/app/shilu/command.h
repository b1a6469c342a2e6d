#pragma once
// A command of `shilu`: one file each. Exit codes: 0 good, 1 failed or not proven, 2 wrong use.
// Data goes to stdout, everything else to stderr; with --json stdout is exactly one JSON document.

#include <string>

#include "firmware/base/json.h"
#include "firmware/base/result.h"

namespace CLI {
class App;
}

namespace shilu::cli {

enum ExitCode { kGood = 0, kFailed = 1, kWrongUse = 2 };

// Adds a subcommand; its callback stores the exit code in `exit_code`.
using AddCommand = void (*)(CLI::App& app, int& exit_code);

// Prints the error as a sentence on stderr, or as {"error":{"kind","message"}} on stdout with --json.
// kInvalidArgument gives kWrongUse, all else kFailed.
int report(const Error& error, bool json);
void print_json(const Json& document);

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
