#include "firmware/app/shilu/lesson_movie.h"

#include <fmt/format.h>

#include <algorithm>

#include "capture/journal/lesson_folder.h"
#include "firmware/base/json_io.h"

namespace shilu::cli {
namespace {

std::vector<std::string> recorded_sources(const journal::LessonFolder& folder) {
  std::vector<std::string> names;
  for (const auto& source : folder.info().sources) {
    const auto of_source = [&](const journal::TrackView& track) {
      return track.name.starts_with(source.name + ".");
    };
    if (std::any_of(folder.tracks().begin(), folder.tracks().end(), of_source)) names.push_back(source.name);
  }
  return names;
}

Result<std::string> choose_source(const journal::LessonFolder& folder, const std::string& wanted) {
  const auto names = recorded_sources(folder);
  if (names.empty()) return fail(ErrorKind::kNotFound, "Nothing was recorded in this lesson.");
  if (wanted.empty()) return names.front();
  if (std::find(names.begin(), names.end(), wanted) != names.end()) return wanted;
  return fail(
      ErrorKind::kInvalidArgument,
      fmt::format("This lesson has nothing of a source \"{}\"; it has {}.", wanted, fmt::join(names, ", ")));
}

// From the first recorded sample of a source to the end of its last, in whole milliseconds: also the lead-in
// before the press, which begins with the key picture that the lesson began on.
TimeRange recorded_range(const journal::LessonFolder& folder, const std::string& source) {
  TimeRange range{LessonTime{0}, LessonTime{0}};
  for (const journal::TrackView& track : folder.tracks()) {
    if (!track.name.starts_with(source + ".")) continue;
    for (const journal::TrackEpoch& epoch : track.epochs) {
      for (const std::uint64_t position : epoch.fragments) {
        const auto& fragment = std::get<journal::FragmentRecord>(folder.records()[position].record);
        const std::int64_t end_ticks =
            fragment.start_ticks + static_cast<std::int64_t>(fragment.duration_ticks);
        range.from.ns = std::min(range.from.ns, ns_from_ticks(fragment.start_ticks, epoch.event.timescale));
        range.to.ns = std::max(range.to.ns, ns_from_ticks(end_ticks, epoch.event.timescale));
      }
    }
  }
  constexpr std::int64_t kMs = 1'000'000;
  const std::int64_t floor_ms = (range.from.ns - (kMs - 1)) / kMs;  // from is never positive
  return {LessonTime::from_ms(floor_ms), LessonTime::from_ms((range.to.ns + kMs - 1) / kMs)};
}

}  // namespace

// "lesson.mp4", and of later parts "lesson.2.mp4".
std::string part_file(const std::string& out, std::size_t part) {
  if (part == 1) return out;
  const std::filesystem::path path(out);
  return (path.parent_path() / fmt::format("{}.{}{}", path.stem().string(), part, path.extension().string()))
      .string();
}

Json told(const std::string& file, const std::string& source,
          const journal::LessonFolder::SourceMovie& part) {
  return {{"file", file},
          {"source", source},
          {"size_bytes", part.movie.size_bytes},
          {"starts_at_ms", part.range.from.ms()},
          {"duration_ms", part.movie.duration.count() / 1'000'000},
          {"fragments", part.movie.extents.size()}};
}

Result<int> write_lesson_movie(const MovieRequest& request) {
  SHILU_TRY(const auto folder, journal::LessonFolder::open(request.directory));
  SHILU_TRY(const auto source, choose_source(folder, request.source));
  const TimeRange range = request.range.value_or(recorded_range(folder, source));
  // One film has one set of codec parameters: where a camera changed them, another file goes on.
  SHILU_TRY(const auto parts, folder.movies(source, range));
  Json json;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const std::string file = part_file(request.out, i + 1);
    SHILU_CHECK(journal::write_movie(parts[i], file));
    const Json one = told(file, source, parts[i]);
    if (i == 0) json = one;
    if (parts.size() > 1) json["parts"].push_back(one);
    if (!request.json) {
      fmt::print("{}: {:.3f} s of {}, {:.1f} MB\n", file,
                 static_cast<double>(one["duration_ms"].get<std::int64_t>()) / 1000, source,
                 static_cast<double>(parts[i].movie.size_bytes) / 1e6);
    }
  }
  if (!request.json && parts.size() > 1)
    fmt::print("{} files: the camera changed its format while it was recording.\n", parts.size());
  if (request.json) print_json(json);
  return kGood;
}

}  // namespace shilu::cli
