// shilu lessons: what lies on a disk, running or not.

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>

#include "capture/journal/lesson_folder.h"
#include "firmware/app/shilu/command.h"
#include "firmware/base/json_io.h"

namespace shilu::cli {
namespace {

namespace fs = std::filesystem;

struct Arguments {
  std::string directory = "/var/lib/shilu/lessons";
  bool json = false;
};

std::uint64_t media_bytes(const journal::LessonFolder& folder) {
  std::uint64_t bytes = 0;
  for (const journal::StoredRecord& stored : folder.records()) {
    if (const auto* fragment = std::get_if<journal::FragmentRecord>(&stored.record)) bytes += fragment->size;
  }
  return bytes;
}

Json summary(const fs::path& directory) {
  const auto folder = journal::LessonFolder::open(directory);
  if (!folder) return {{"directory", directory.string()}, {"error", folder.error().message}};
  return {{"directory", directory.string()},
          {"id", folder->info().lesson_id},
          {"started_utc", to_rfc3339(folder->info().start_wall)},
          {"duration_ms", folder->duration().count() / 1'000'000},
          {"finished", folder->finished()},
          {"bytes", media_bytes(*folder)},
          {"gaps", folder->gaps().size()},
          {"marks", folder->marks().size()}};
}

void print_line(const Json& lesson) {
  if (lesson.contains("error")) {
    fmt::print("{}  cannot be read: {}\n", lesson["directory"].get<std::string>(),
               lesson["error"].get<std::string>());
    return;
  }
  fmt::print("{}  {}  {:8.1f} s  {:9.1f} MB  {} gaps  {} marks{}\n", lesson["id"].get<std::string>(),
             lesson["started_utc"].get<std::string>(), lesson["duration_ms"].get<double>() / 1000,
             lesson["bytes"].get<double>() / 1e6, lesson["gaps"].get<int>(), lesson["marks"].get<int>(),
             lesson["finished"].get<bool>() ? "" : "  not finished");
}

Result<int> list(const Arguments& arguments) {
  if (!fs::is_directory(arguments.directory)) {
    return fail(ErrorKind::kNotFound, fmt::format("there is no folder {}", arguments.directory));
  }
  std::vector<fs::path> directories;
  for (const auto& entry : fs::directory_iterator(arguments.directory)) {
    if (fs::exists(entry.path() / "lesson.json")) directories.push_back(entry.path());
  }
  std::sort(directories.begin(), directories.end());  // UUIDv7: by time
  Json lessons = Json::array();
  for (const fs::path& directory : directories) lessons.push_back(summary(directory));
  if (arguments.json) {
    print_json({{"lessons", std::move(lessons)}});
  } else {
    for (const Json& lesson : lessons) print_line(lesson);
  }
  return kGood;
}

}  // namespace

void add_lessons(CLI::App& app, int& exit_code) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command = app.add_subcommand("lessons", "List the lessons of a folder");
  command->add_option("directory", arguments->directory, "The folder of lesson folders")
      ->capture_default_str();
  command->add_flag("--json", arguments->json, "Print JSON");
  command->callback([arguments, &exit_code] {
    const auto code = list(*arguments);
    exit_code = code ? *code : report(code.error(), arguments->json);
  });
}

}  // namespace shilu::cli
