#include "capture/journal/checker.h"

#include <algorithm>

#include "capture/journal/file_names.h"
#include "capture/journal/findings.h"
#include "firmware/base/file_system.h"
#include "firmware/base/json_io.h"

namespace shilu::journal {
namespace {

using std::filesystem::path;

constexpr std::size_t kFrame = 8;  // of a record: length and CRC

// A torn tail ends the file. A record that is broken while a sound one follows it was damaged later.
Result<bool> sound_record_follows(File& file, std::uint64_t sound) {
  SHILU_TRY(const auto head, file.read_at(sound, kFrame));
  ByteReader reader(head);
  const std::uint64_t skip = kFrame + std::uint64_t{reader.u32()};
  if (!reader.ok()) return false;
  SHILU_TRY(const auto bytes, file.read_at(sound + skip, kFrame + kMaxRecordBody));
  const auto next = decode(bytes);
  return !next || next->has_value();
}

// Only what is behind the last record that was taken in.
void check_journal_tail(const LessonFolder& lesson, Findings& findings) {
  std::uint64_t sound = kMagic.size();
  for (const auto& stored : lesson.records()) sound += stored.bytes.size();
  if (lesson.damage().order) return findings.violation("record-order", lesson.damage().order->message);
  if (lesson.damage().journal) return findings.violation("journal", lesson.damage().journal->message);
  const auto file = posix_file_system().open(lesson.directory() / kJournal, OpenMode::kRead);
  if (!file) return findings.violation("journal", file.error().message);
  const auto size = (*file)->size().value_or(0);
  if (size < kMagic.size()) return findings.note("tail-bytes", "the journal was cut off while it was made");
  if (sound_record_follows(**file, sound).value_or(false)) {
    return findings.violation("journal", fmt::format("record {} is damaged, and sound ones follow it",
                                                     lesson.records().size() + 1));
  }
  if (size > sound)
    findings.note("tail-bytes", fmt::format("{} bytes behind the journal's last whole record", size - sound));
}

void check_checkpoints_tail(const LessonFolder& lesson, Findings& findings) {
  std::uint64_t sound = 0;
  for (const auto& one : lesson.checkpoints()) sound += one.line.size() + 1;
  const auto file = posix_file_system().open(lesson.directory() / kCheckpoints, OpenMode::kRead);
  if (!file || lesson.damage().checkpoints) return;
  const auto size = (*file)->size().value_or(0);
  if (size > sound)
    findings.note("tail-bytes", fmt::format("{} bytes behind the last whole checkpoint", size - sound));
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
  return {{"clean", clean()},
          {"findings", std::move(list)},
          {"records", records},
          {"fragments", fragments},
          {"bytes", bytes},
          {"gaps", gaps},
          {"redacted", redacted},
          {"marks", marks},
          {"signed_leaves", signed_leaves},
          {"leaves", leaves},
          {"duration_s", duration_s},
          {"unsigned_s", unsigned_s}};
}

Result<CheckReport> check_lesson(const path& directory) {
  const auto lesson = LessonFolder::open(directory);
  if (lesson) return check_lesson(*lesson);
  if (lesson.error().kind != ErrorKind::kCorrupted) return fail(lesson.error());
  CheckReport report;
  Findings(report).violation("lesson-json", lesson.error().message);
  return report;
}

CheckReport check_lesson(const LessonFolder& lesson) {
  CheckReport report;
  Findings findings(report);
  count(lesson, report);
  check_journal_tail(lesson, findings);
  check_checkpoints_tail(lesson, findings);
  check_media(lesson, findings);
  check_tiling(lesson, findings);
  check_checkpoints(lesson, findings);
  if (!lesson.finished()) findings.note("not-finished", "the lesson has no stop");
  findings.finish();
  return report;
}

}  // namespace shilu::journal
