#include "firmware/base/log.h"

#include <unistd.h>

#include <array>
#include <atomic>
#include <cstring>
#include <string>

namespace shilu {
namespace {

// Set once before threads start; a plain array, so that logging works in static destructors too.
std::array<char, 32> program_name{};
std::atomic<LogLevel> threshold_level{LogLevel::kInfo};

}  // namespace

void set_log_identity(std::string_view program, LogLevel threshold) {
  program_name.fill('\0');
  program.copy(program_name.data(), program_name.size() - 1);
  threshold_level = threshold;
}

void log_line(LogLevel level, std::string_view text) {
  if (static_cast<int>(level) > static_cast<int>(threshold_level.load())) return;
  auto line = fmt::format("<{}>{}{}{}", static_cast<int>(level), program_name.data(),
                          program_name[0] == '\0' ? "" : ": ", text);
  for (auto& character : line) {
    if (character == '\n' || character == '\r') character = ' ';  // one event, one line
  }
  line.push_back('\n');
  // One write, so that lines of several threads and processes do not mix; where to would we report a failure?
  [[maybe_unused]] const auto written = ::write(STDERR_FILENO, line.data(), line.size());
}

}  // namespace shilu
