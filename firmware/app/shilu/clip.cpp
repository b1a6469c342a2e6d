// shilu clip: a part of a lesson: whole fragments, byte for byte, behind a header that shows [from, to).

#include <CLI/CLI.hpp>
#include <cmath>

#include "firmware/app/shilu/lesson_movie.h"

namespace shilu::cli {
namespace {

constexpr double kLongestSeconds = 86'400;

struct Arguments {
  MovieRequest request;
  double from_s = 0;
  double to_s = 0;
};

LessonTime from_seconds(double seconds) {
  return LessonTime::from_ms(std::llround(seconds * 1000));
}

Result<int> clip(Arguments& arguments) {
  const TimeRange range{from_seconds(arguments.from_s), from_seconds(arguments.to_s)};
  if (range.empty()) return fail(ErrorKind::kInvalidArgument, "A clip's --to lies behind its --from.");
  arguments.request.range = range;
  return write_lesson_movie(arguments.request);
}

}  // namespace

void add_clip(CLI::App& app, int& exit_code) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command = app.add_subcommand("clip", "Cut a clip that can be proven against the lesson");
  command->add_option("directory", arguments->request.directory, "The lesson's folder")->required();
  command->add_option("--from", arguments->from_s, "Seconds since the lesson began")
      ->required()
      ->check(CLI::Range(0.0, kLongestSeconds));
  command->add_option("--to", arguments->to_s, "Seconds since the lesson began")
      ->required()
      ->check(CLI::Range(0.0, kLongestSeconds));
  command->add_option("--source", arguments->request.source, "Which source; the first if not given");
  command->add_option("--out", arguments->request.out, "The file to write")->required();
  command->add_flag("--json", arguments->request.json, "Print JSON");
  command->callback([arguments, &exit_code] {
    const auto code = clip(*arguments);
    exit_code = code ? *code : report(code.error(), arguments->request.json);
  });
}

}  // namespace shilu::cli
