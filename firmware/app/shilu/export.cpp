// shilu export: a whole source as one progressive MP4.

#include <CLI/CLI.hpp>

#include "firmware/app/shilu/lesson_movie.h"

namespace shilu::cli {

void add_export(CLI::App& app, int& exit_code) {
  auto request = std::make_shared<MovieRequest>();
  CLI::App* command =
      app.add_subcommand("export", "Write a lesson's picture and sound as an MP4 that any player opens");
  command->add_option("directory", request->directory, "The lesson's folder")->required();
  command->add_option("--source", request->source, "Which source; the first if not given");
  command->add_option("--out", request->out, "The file to write")->required();
  command->add_flag("--json", request->json, "Print JSON");
  command->callback([request, &exit_code] {
    const auto code = write_lesson_movie(*request);
    exit_code = code ? *code : report(code.error(), request->json);
  });
}

}  // namespace shilu::cli
