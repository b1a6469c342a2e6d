#include "capture/recorder/live_lesson.h"

#include <algorithm>

#include "firmware/base/ids.h"
#include "firmware/base/log.h"

namespace shilu::recorder {
namespace {

using journal::EventRecord;
using journal::Record;

constexpr std::size_t kMaxPoint = 64;
constexpr int kLastAttempts = 5;

void remove_beginnings(FileSystem& files, const std::filesystem::path& directory) {
  for (const auto* name : {"journal", "checkpoints", "lesson.json", ".lesson.json.new"}) {
    if (files.exists(directory / name)) static_cast<void>(files.remove(directory / name));
  }
  std::error_code ignored;
  std::filesystem::remove(directory, ignored);
}

}  // namespace

MediaKind expected_kind(std::string_view source_kind) {
  return source_kind == "alsa" || source_kind == "pulse" ? MediaKind::kAudio : MediaKind::kVideo;
}

LiveLesson::LiveLesson(const Surroundings& surroundings, LessonInfo info, std::filesystem::path directory)
    : files_(surroundings.files),
      clock_(surroundings.clock),
      key_(surroundings.key),
      limits_(surroundings.limits),
      listener_(surroundings.listener),
      info_(std::move(info)),
      directory_(std::move(directory)),
      next_checkpoint_(clock_.monotonic() + kCheckpointInterval),
      next_clock_event_(clock_.monotonic() + kClockInterval) {}

void LiveLesson::take_journal(std::unique_ptr<LessonJournal> journal, std::vector<Mark> marks) {
  journal_ = std::move(journal);
  marks_ = std::make_unique<MarkBook>(*journal_, std::move(marks));
  writer_ = std::make_unique<LessonWriter>(files_, directory_, *journal_, limits_, listener_);
}

Result<std::unique_ptr<LiveLesson>> LiveLesson::begin(const Surroundings& surroundings, LessonInfo info,
                                                      std::filesystem::path directory, std::optional<Digest> subject) {
  auto lesson = std::unique_ptr<LiveLesson>(new LiveLesson(surroundings, std::move(info), std::move(directory)));
  std::vector<Record> first{EventRecord{LessonTime{0}, journal::StartEvent{to_rfc3339(lesson->info_.start_wall)}},
                            lesson->clock_event()};
  if (subject) first.push_back(EventRecord{LessonTime{0}, journal::SignInEvent{*subject}});
  const auto begun = [&]() -> Status {
    SHILU_TRY(auto journal, LessonJournal::create({lesson->files_, lesson->clock_, lesson->key_.key, lesson->directory_},
                                                  lesson->info_));
    SHILU_CHECK(journal->commit(std::move(first)));
    lesson->take_journal(std::move(journal), {});
    return {};
  }();
  if (begun) return lesson;
  if (begun.error().kind != ErrorKind::kAlreadyExists) remove_beginnings(lesson->files_, lesson->directory_);
  return fail(begun.error());
}

Result<std::unique_ptr<LiveLesson>> LiveLesson::resume(const Surroundings& surroundings, RecoveredLesson recovered) {
  auto lesson = std::unique_ptr<LiveLesson>(new LiveLesson(surroundings, recovered.info, recovered.directory));
  if (!recovered.same_boot) lesson->stopped_clock_ = recovered.stored_until;
  SHILU_TRY(auto journal, LessonJournal::reopen({lesson->files_, lesson->clock_, lesson->key_.key, lesson->directory_}));
  const journal::RecoveredEvent event{recovered.lost_bytes + journal->cut_bytes(), recovered.records};
  SHILU_CHECK(journal->commit({EventRecord{lesson->now(), event}}));
  lesson->take_journal(std::move(journal), std::move(recovered.marks));
  for (auto& track : recovered.tracks) lesson->writer_->add_track(std::move(track));
  lesson->checkpoint_reason_ = "recovered";
  lesson->checkpoint_wanted_ = true;
  return lesson;
}

LessonTime LiveLesson::now() const {
  return stopped_clock_.value_or(LessonTime{(clock_.monotonic() - info_.start_monotonic).count()});
}

EventRecord LiveLesson::clock_event() const {
  const auto quality = clock_.quality();
  return {now(), journal::ClockEvent{to_rfc3339(clock_.wall()), quality.synchronised, quality.error_ms}};
}

std::vector<Record> LiveLesson::due_events() {
  if (clock_.monotonic() < next_clock_event_) return {};
  next_clock_event_ = clock_.monotonic() + kClockInterval;
  return {clock_event()};
}

Status LiveLesson::checkpoint(std::string_view reason) {
  SHILU_CHECK(journal_->checkpoint(now(), reason));
  next_checkpoint_ = clock_.monotonic() + kCheckpointInterval;
  checkpoint_reason_ = "time";
  return {};
}

Status LiveLesson::tick() {
  const bool wanted = checkpoint_wanted_.exchange(false);
  auto synced = writer_->sync(now(), clock_.monotonic(), due_events());
  if (wanted && checkpoint_reason_ == "time") checkpoint_reason_ = "mark";
  if (synced && *synced && checkpoint_reason_ == "time") checkpoint_reason_ = "gap";
  if (checkpoint_reason_ != "time" || clock_.monotonic() >= next_checkpoint_) {
    SHILU_CHECK(checkpoint(std::string(checkpoint_reason_)));
  }
  if (!synced) return fail(synced.error());
  return {};
}

Result<MarkAnswer> LiveLesson::mark(const MarkRequest& request) {
  if (!is_uuid(request.id)) return fail(ErrorKind::kInvalidArgument, "a mark's id is a UUID in lower case");
  if (request.point && (request.point->empty() || request.point->size() > kMaxPoint)) {
    return fail(ErrorKind::kInvalidArgument, "a mark's point is the short code of an ability point");
  }
  Mark mark;
  mark.id = request.id;
  mark.point = request.point;
  const LessonTime pressed{(request.pressed - info_.start_monotonic).count()};
  mark.at = std::clamp(pressed, LessonTime{0}, std::max(now(), LessonTime{0}));
  mark.look_back = std::clamp(request.look_back, Nanoseconds(0), kMaxLook);
  mark.look_ahead = std::clamp(request.look_ahead, Nanoseconds(0), kMaxLook);
  SHILU_TRY(auto answer, marks_->add(mark));
  if (answer.is_new) checkpoint_wanted_ = true;
  return answer;
}

Status LiveLesson::undo_mark(const std::string& id) {
  SHILU_CHECK(marks_->undo(id, now()));
  checkpoint_wanted_ = true;
  return {};
}

// A source of which nothing ever came has no track, but its loss is a loss.
std::vector<Record> LiveLesson::gaps_of_absent_sources(LessonTime end) const {
  std::vector<Record> records;
  const auto tracks = writer_->tracks();
  for (const auto& source : info_.sources) {
    const auto name = track_name(source.name, expected_kind(source.kind));
    const bool known =
        std::any_of(tracks.begin(), tracks.end(), [&](const auto& track) { return track.state.name == name; });
    if (known || end.ns <= 0) continue;
    records.push_back(EventRecord{
        now(), journal::GapEvent{name, LessonTime{0}, end, std::string(to_string(GapReason::kSourceLost))}});
  }
  return records;
}

void LiveLesson::store_what_is_left() {
  for (int attempt = 0; attempt < kLastAttempts && !writer_->idle(); ++attempt) {
    if (const auto written = writer_->write_waiting(); !written) log_error("{}", written.error().message);
    if (const auto synced = writer_->sync(now(), clock_.monotonic(), {}); !synced) {
      log_error("{}", synced.error().message);
    }
    if (writer_->storage_full()) break;
  }
}

Status LiveLesson::finish(LessonTime end, std::string_view stop_reason, const ReasonOf& reason_of) {
  marks_->close();
  store_what_is_left();
  // What was written before the disk was full may still become durable.
  if (const auto synced = writer_->sync(now(), clock_.monotonic(), {}); !synced) {
    log_error("{}", synced.error().message);
  }
  writer_->close_files();  // first: a full disk has room again for the records below
  auto records = writer_->final_gaps(end, now(), reason_of);
  for (auto& record : gaps_of_absent_sources(end)) records.push_back(std::move(record));
  records.push_back(clock_event());
  records.push_back(EventRecord{now(), journal::StopEvent{end.ms(), std::string(stop_reason)}});
  SHILU_CHECK(journal_->commit(std::move(records)));
  return journal_->checkpoint(now(), "stop");
}

}  // namespace shilu::recorder
