#include "tests/recorder/stored_counters_fixture.h"

#include <algorithm>

#include "capture/bmff/fragment_reader.h"
#include "capture/journal/checker.h"
#include "capture/journal/lesson_folder.h"
#include "tests/recorder/units_fixture.h"

namespace shilu::test {
namespace {

void read_epoch(const journal::LessonFolder& folder, const journal::TrackEpoch& epoch,
                std::vector<std::uint64_t>& counters) {
  const auto file = posix_file_system().open(epoch.file, OpenMode::kRead);
  for (const auto position : epoch.fragments) {
    const auto& record = std::get<journal::FragmentRecord>(folder.records()[position].record);
    const auto bytes = (*file)->read_at(record.offset, record.size);
    const auto index = bmff::parse_fragment(*bytes, epoch.event.timescale);
    auto payload = ByteView(*bytes).subspan(index->payload_offset);
    for (const auto& sample : index->samples) {
      counters.push_back(counter_in(payload.first(sample.size)));
      payload = payload.subspan(sample.size);
    }
  }
}

}  // namespace

std::vector<std::string> violations_in(const std::filesystem::path& lesson) {
  const auto report = journal::check_lesson(lesson);
  if (!report) return {report.error().message};
  std::vector<std::string> found;
  for (const auto& finding : report->findings) {
    if (finding.violation) found.push_back(finding.code + ": " + finding.detail);
  }
  return found;
}

std::vector<std::uint64_t> stored_counters(const std::filesystem::path& lesson, const std::string& track) {
  std::vector<std::uint64_t> counters;
  const auto folder = journal::LessonFolder::open(lesson);
  if (!folder) return counters;
  for (const auto& view : folder->tracks()) {
    if (view.name != track) continue;
    for (const auto& epoch : view.epochs) read_epoch(*folder, epoch, counters);
  }
  return counters;
}

bool consecutive(const std::vector<std::uint64_t>& counters) {
  const auto breaks = [](std::uint64_t a, std::uint64_t b) { return b != a + 1; };
  return !counters.empty() && std::adjacent_find(counters.begin(), counters.end(), breaks) == counters.end();
}

bool rising(const std::vector<std::uint64_t>& counters) {
  const auto falls = [](std::uint64_t a, std::uint64_t b) { return b <= a; };
  return std::adjacent_find(counters.begin(), counters.end(), falls) == counters.end();
}

}  // namespace shilu::test
