#include "firmware/app/shilu/live_line.h"

#include <fmt/format.h>
#include <unistd.h>

namespace shilu::cli {
namespace {

constexpr std::int64_t kPlainEveryMs = 5000;
constexpr std::int64_t kTerminalEveryMs = 250;

}  // namespace

LiveLine::LiveLine() : terminal_(::isatty(STDERR_FILENO) == 1) {}

LiveLine::~LiveLine() {
  if (terminal_ && next_ms_ > 0) fmt::print(stderr, "\n");
}

void LiveLine::show(const recorder::RecorderStatus& status) {
  const auto& lesson = *status.lesson;
  if (lesson.elapsed_ms < next_ms_) return;
  next_ms_ = lesson.elapsed_ms + (terminal_ ? kTerminalEveryMs : kPlainEveryMs);
  std::string sources;
  for (const auto& source : status.sources) sources += fmt::format("  {} {}", source.name, source.state);
  const auto seconds = lesson.elapsed_ms / 1000;
  const auto line =
      fmt::format("{:02}:{:02}:{:02}  {:.1f} MB on disk, {:.1f} s behind  {} gaps{}{}", seconds / 3600,
                  seconds / 60 % 60, seconds % 60, static_cast<double>(lesson.bytes) / 1e6,
                  static_cast<double>(lesson.durable_lag_ms) / 1000, lesson.gaps, sources,
                  status.fault.empty() ? "" : "  " + status.fault);
  if (terminal_) {
    fmt::print(stderr, "\r{}\x1b[K", line);
  } else {
    fmt::print(stderr, "{}\n", line);
  }
}

}  // namespace shilu::cli
