#include "capture/journal/checker.h"

#include <algorithm>

#include "capture/journal/file_names.h"
#include "capture/journal/findings.h"
#include "firmware/base/file_system.h"
#include "firmware/base/json_io.h"

namespace shilu::journal {
namespace {

using std::filesystem::path;

// A torn tail ends the file. A record that is broken while a sound one follows it was damaged later.
bool sound_record_follows(ByteView tail) {
  ByteReader reader(tail);
  const std::size_t skip = 8 + std::size_t{reader.u32()};
  if (!reader.ok() || skip > tail.size()) return false;
  const auto next = decode(tail.subspan(skip));
  return !next || next->has_value();
}

// Only what is behind the last record that was taken in.
void check_journal_tail(const LessonFolder& lesson, Findings& findings) {
  std::uint64_t sound = kMagic.size();
  for (const auto& stored : lesson.records()) sound += stored.bytes.size();
  const auto bytes = read_file(lesson.directory() / kJournal, 1u << 30);
  if (lesson.damage().order) {
    findings.violation("record-order", lesson.damage().order->message);
  } else if (lesson.damage().journal) {
    findings.violation("journal", lesson.damage().journal->message);
  } else if (!bytes) {
    findings.violation("journal", bytes.error().message);
  } else if (bytes->size() < kMagic.size()) {
    findings.note("tail-bytes", "the journal was cut off while it was made");
  } else if (sound_record_follows(ByteView(*bytes).subspan(sound))) {
    findings.violation("journal", fmt::format("record {} is damaged, and sound ones follow it",
                                              lesson.records().size() + 1));
  } else if (bytes->size() > sound) {
    findings.note("tail-bytes",
                  fmt::format("{} bytes behind the journal's last whole record", bytes->size() - sound));
  }
}

void check_checkpoints_tail(const LessonFolder& lesson, Findings& findings) {
  std::uint64_t sound = 0;
  for (const auto& one : lesson.checkpoints()) sound += one.line.size() + 1;
  const auto bytes = read_file(lesson.directory() / kCheckpoints, 1u << 30);
  if (bytes && bytes->size() > sound && !lesson.damage().checkpoints) {
    findings.note("tail-bytes",
                  fmt::format("{} bytes behind the last whole checkpoint", bytes->size() - sound));
  }
}

void count(const LessonFolder& lesson, CheckReport& report) {
  report.records = lesson.records().size();
  report.gaps = lesson.gaps().size();
  report.marks = lesson.marks().size();
  report.duration_s = static_cast<double>(lesson.duration().count()) / 1e9;
}

}  // namespace

bool CheckReport::clean() const {
  return std::none_of(findings.begin(), findings.end(),
                      [](const Finding& finding) { return finding.violation; });
}

Json CheckReport::to_json() const {
  Json list = Json::array();
  for (const auto& finding : findings) {
    list.push_back({{"code", finding.code}, {"violation", finding.violation}, {"detail", finding.detail}});
  }
  return {{"clean", clean()},   {"findings", std::move(list)},
          {"records", records}, {"fragments", fragments},
          {"bytes", bytes},     {"gaps", gaps},
          {"marks", marks},     {"signed_leaves", signed_leaves},
          {"leaves", leaves},   {"duration_s", duration_s}};
}

Result<CheckReport> check_lesson(const path& directory) {
  CheckReport report;
  Findings findings(report);
  const auto lesson = LessonFolder::open(directory);
  if (!lesson && lesson.error().kind != ErrorKind::kCorrupted) return fail(lesson.error());
  if (!lesson) {
    findings.violation("lesson-json", lesson.error().message);
    return report;
  }
  count(*lesson, report);
  check_journal_tail(*lesson, findings);
  check_checkpoints_tail(*lesson, findings);
  check_media(*lesson, findings);
  check_tiling(*lesson, findings);
  check_checkpoints(*lesson, findings);
  if (!lesson->finished()) findings.note("not-finished", "the lesson has no stop");
  return report;
}

}  // namespace shilu::journal
