#pragma once
// How a program of the command line ends and speaks. Exit codes: 0 good, 1 failed or not proven, 2 wrong use.
// Data goes to stdout, everything else to stderr; with --json stdout is exactly one JSON document.

#include "firmware/base/json.h"
#include "firmware/base/result.h"

namespace shilu::cli {

enum ExitCode { kGood = 0, kFailed = 1, kWrongUse = 2 };

// Prints the error as a sentence on stderr, or as {"error":{"kind","message"}} on stdout with --json.
// kInvalidArgument gives kWrongUse, all else kFailed.
int report(const Error& error, bool json);
void print_json(const Json& document);

}  // namespace shilu::cli
