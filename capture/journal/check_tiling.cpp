#include <algorithm>
#include <map>

#include "capture/journal/findings.h"

namespace shilu::journal {
namespace {

constexpr std::int64_t kSmallestTolerance = 1'000'000;             // ns
constexpr Nanoseconds kLongestPreRoll = std::chrono::seconds(32);  // 30 s and a fragment
constexpr Nanoseconds kMayBeEmpty = std::chrono::seconds(5);

struct Span {
  std::int64_t from = 0;  // ns of lesson time
  std::int64_t to = 0;
};

struct Timeline {
  std::vector<Span> spans;  // fragments and gaps
  std::int64_t tolerance = kSmallestTolerance;
  bool has_fragments = false;
};

double seconds(std::int64_t ns) {
  return static_cast<double>(ns) / 1e9;
}

void add_epoch(const LessonFolder& lesson, const TrackEpoch& epoch, Timeline& line) {
  const auto timescale = epoch.event.timescale;
  line.tolerance = std::max(line.tolerance, ns_from_ticks(epoch.event.nominal_ticks, timescale));
  for (const auto position : epoch.fragments) {
    const auto& record = std::get<FragmentRecord>(lesson.records()[position].record);
    const auto end = record.start_ticks + static_cast<std::int64_t>(record.duration_ticks);
    line.spans.push_back({ns_from_ticks(record.start_ticks, timescale), ns_from_ticks(end, timescale)});
    line.has_fragments = true;
  }
}

// By track name: a track that never came has gaps, but no number.
std::map<std::string, Timeline> timelines_of(const LessonFolder& lesson) {
  std::map<std::string, Timeline> lines;
  for (const auto& track : lesson.tracks()) {
    for (const auto& epoch : track.epochs) add_epoch(lesson, epoch, lines[track.name]);
  }
  for (const auto& gap : lesson.gaps()) lines[gap.track].spans.push_back({gap.from.ns, gap.to.ns});
  for (auto& [name, line] : lines) {
    std::stable_sort(line.spans.begin(), line.spans.end(),
                     [](const Span& a, const Span& b) { return a.from < b.from; });
  }
  return lines;
}

// `end`: where the lesson stopped; nothing while it runs, then a track is held only to what it has.
void check_track(const std::string& name, const Timeline& line, std::optional<std::int64_t> end,
                 Findings& findings) {
  // Before 0 a track holds what it had in memory at the press; from its first fragment on nothing is left
  // out.
  std::int64_t covered = line.spans.empty() ? 0 : std::min<std::int64_t>(line.spans.front().from, 0);
  if (covered < -kLongestPreRoll.count()) {
    findings.violation("pre-roll-long", fmt::format("{}: begins at {:.3f} s", name, seconds(covered)));
  }
  bool first = true;
  const auto missing = [&](std::int64_t to) {
    findings.violation("gap-undeclared", fmt::format("{}: nothing is said of {:.3f} s to {:.3f} s", name,
                                                     seconds(covered), seconds(to)));
  };
  for (const auto& span : line.spans) {
    if (!first && span.from < covered - line.tolerance) {
      findings.violation("overlap", fmt::format("{}: {:.3f} s to {:.3f} s is there twice", name,
                                                seconds(span.from), seconds(std::min(covered, span.to))));
    }
    first = false;
    if (span.from > covered + line.tolerance && covered < end.value_or(span.from)) missing(span.from);
    covered = std::max(covered, span.to);
  }
  if (end && covered < *end - line.tolerance) missing(*end);
}

void check_required_sources(const LessonFolder& lesson, const std::map<std::string, Timeline>& lines,
                            Findings& findings) {
  if (lesson.duration() <= kMayBeEmpty) return;
  for (const auto& source : lesson.info().sources) {
    const auto has_media = [&](const auto& entry) {
      return entry.second.has_fragments && entry.first.starts_with(source.name + ".");
    };
    if (source.required && std::none_of(lines.begin(), lines.end(), has_media)) {
      findings.violation("all-gap",
                         fmt::format("nothing was recorded of the required source \"{}\"", source.name));
    }
  }
}

}  // namespace

void check_tiling(const LessonFolder& lesson, Findings& findings) {
  const auto lines = timelines_of(lesson);
  const auto end = lesson.finished() ? std::optional(lesson.duration().count()) : std::nullopt;
  for (const auto& [name, line] : lines) check_track(name, line, end, findings);
  check_required_sources(lesson, lines, findings);
}

}  // namespace shilu::journal
