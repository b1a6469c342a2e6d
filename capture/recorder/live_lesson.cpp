#include "capture/recorder/live_lesson.h"

#include <algorithm>
#include <utility>

#include "capture/recorder/redaction.h"
#include "firmware/base/ids.h"
#include "firmware/base/log.h"

namespace shilu::recorder {
namespace {

using journal::EventRecord;
using journal::Record;

constexpr std::size_t kMaxPoint = 64;
constexpr int kLastAttempts = 5;
constexpr Nanoseconds kClockSet = std::chrono::seconds(1);

void remove_beginnings(FileSystem& files, const std::filesystem::path& directory) {
  for (const auto* name : {"journal", "checkpoints", "lesson.json", ".lesson.json.new"}) {
    if (files.exists(directory / name)) static_cast<void>(files.remove(directory / name));
  }
  std::error_code ignored;
  std::filesystem::remove(directory, ignored);
}

}  // namespace

MediaKind expected_kind(std::string_view source_kind) {
  const bool microphone = source_kind == "alsa" || source_kind == "pulse" || source_kind == "pipewire" ||
                          source_kind == "rtsp-sound";
  return microphone ? MediaKind::kAudio : MediaKind::kVideo;
}

LiveLesson::LiveLesson(const Surroundings& surroundings, LessonInfo info, std::filesystem::path directory)
    : files_(surroundings.files),
      clock_(surroundings.clock),
      key_(surroundings.key),
      limits_(surroundings.limits),
      listener_(surroundings.listener),
      info_(std::move(info)),
      directory_(std::move(directory)),
      start_ns_(info_.start_monotonic.ns),
      planned_ms_(info_.planned_ms),
      next_checkpoint_(clock_.monotonic() + kCheckpointInterval),
      next_clock_event_(clock_.monotonic() + kClockInterval),
      wall_ahead_(clock_.wall().ns - clock_.monotonic().ns) {}

void LiveLesson::take_journal(std::unique_ptr<LessonJournal> journal, std::vector<Mark> marks) {
  journal_ = std::move(journal);
  marks_ = std::make_unique<MarkBook>(*journal_, std::move(marks));
  writer_ = std::make_unique<LessonWriter>(files_, directory_, *journal_, limits_, listener_);
}

Result<std::unique_ptr<LiveLesson>> LiveLesson::begin(const Surroundings& surroundings, LessonInfo info,
                                                      std::filesystem::path directory,
                                                      std::optional<Digest> subject) {
  auto lesson =
      std::unique_ptr<LiveLesson>(new LiveLesson(surroundings, std::move(info), std::move(directory)));
  std::vector<Record> first{
      EventRecord{LessonTime{0}, journal::StartEvent{to_rfc3339(lesson->info_.start_wall)}},
      lesson->clock_event()};
  if (subject) first.push_back(EventRecord{LessonTime{0}, journal::SignInEvent{*subject}});
  const auto begun = [&]() -> Status {
    SHILU_TRY(auto journal,
              LessonJournal::create({lesson->files_, lesson->clock_, lesson->key_.key, lesson->directory_},
                                    lesson->info_));
    SHILU_CHECK(journal->commit(std::move(first)));
    lesson->take_journal(std::move(journal), {});
    return {};
  }();
  if (begun) return lesson;
  if (begun.error().kind != ErrorKind::kAlreadyExists) remove_beginnings(lesson->files_, lesson->directory_);
  return fail(begun.error());
}

Result<std::unique_ptr<LiveLesson>> LiveLesson::resume(const Surroundings& surroundings,
                                                       RecoveredLesson recovered,
                                                       const std::optional<journal::RebaseEvent>& rebase) {
  const MonotonicTime start = recovered.start.value_or(recovered.info.start_monotonic);
  std::vector<Record> first;
  if (rebase) first.push_back(EventRecord{{(surroundings.clock.monotonic() - start).count()}, *rebase});
  SHILU_TRY(auto lesson, reopen(surroundings, std::move(recovered), std::move(first)));
  lesson->start_ns_ = start.ns;
  return lesson;
}

Result<std::unique_ptr<LiveLesson>> LiveLesson::resume_to_close(const Surroundings& surroundings,
                                                                RecoveredLesson recovered) {
  const auto last = recovered.alive_until;
  const auto start = recovered.start;
  SHILU_TRY(auto lesson, reopen(surroundings, std::move(recovered), {}));
  if (start) lesson->start_ns_ = start->ns;
  lesson->stopped_clock_ = last;
  return lesson;
}

Result<std::unique_ptr<LiveLesson>> LiveLesson::reopen(const Surroundings& surroundings,
                                                       RecoveredLesson recovered, std::vector<Record> first) {
  auto lesson =
      std::unique_ptr<LiveLesson>(new LiveLesson(surroundings, recovered.info, recovered.directory));
  const auto at = recovered.alive_until;
  SHILU_TRY(auto journal,
            LessonJournal::reopen({lesson->files_, lesson->clock_, lesson->key_.key, lesson->directory_}));
  const journal::RecoveredEvent event{recovered.lost_bytes + journal->cut_bytes(), recovered.records};
  first.insert(first.begin(), EventRecord{at, event});
  if (recovered.redacted_anew) first.push_back(EventRecord{at, journal::RedactionDoneEvent{}});
  SHILU_CHECK(journal->commit(std::move(first)));
  lesson->take_journal(std::move(journal), std::move(recovered.marks));
  for (auto& track : recovered.tracks) lesson->writer_->add_track(std::move(track));
  lesson->away_ = recovered.away;
  lesson->planned_ms_ = recovered.planned_ms;
  lesson->want_checkpoint("recovered");
  return lesson;
}

LessonTime LiveLesson::now() const {
  return stopped_clock_.value_or(LessonTime{(clock_.monotonic() - start()).count()});
}

Status LiveLesson::move_start(Nanoseconds slept) {
  constexpr std::int64_t kNoticedWithinMs = 250;
  start_ns_ -= slept.count();
  journal::RebaseEvent event{boot_id(), start(), true, kNoticedWithinMs, "suspend"};
  want_checkpoint("gap");
  return journal_->commit({EventRecord{now(), std::move(event)}});
}

void LiveLesson::want_checkpoint(std::string reason) {
  const std::lock_guard lock(mutex_);
  wanted_checkpoint_ = std::move(reason);
}

std::string LiveLesson::take_wanted_checkpoint() {
  const std::lock_guard lock(mutex_);
  return std::exchange(wanted_checkpoint_, {});
}

// --- away and back

std::optional<Away> LiveLesson::away() const {
  const std::lock_guard lock(mutex_);
  return away_;
}

Status LiveLesson::begin_away(Away away) {
  EventRecord record{now(), journal::PrivateBeginEvent{}};
  if (away.why == Away::Why::kPrivate) record.at = away.since;
  if (away.why == Away::Why::kStopping)
    record.body = journal::StoppingEvent{away.since.ms(), away.stop_reason};
  want_checkpoint(away.why == Away::Why::kPrivate ? "private" : "stopping");
  {
    const std::lock_guard lock(mutex_);
    away_ = std::move(away);
  }
  return journal_->commit({std::move(record)});
}

Status LiveLesson::end_away(LessonTime to) {
  std::optional<Away> ended;
  {
    const std::lock_guard lock(mutex_);
    ended = std::exchange(away_, std::nullopt);
  }
  if (!ended) return {};
  EventRecord record{to, journal::PrivateEvent{ended->since, to}};
  if (ended->why == Away::Why::kStopping) record.body = journal::ContinuedEvent{ended->since, to};
  want_checkpoint("private");
  return journal_->commit({std::move(record)});
}

std::optional<std::int64_t> LiveLesson::planned_ms() const {
  const std::lock_guard lock(mutex_);
  return planned_ms_;
}

Status LiveLesson::extend(std::int64_t planned_ms) {
  {
    const std::lock_guard lock(mutex_);
    planned_ms_ = planned_ms;
  }
  return journal_->commit({EventRecord{now(), journal::ExtendedEvent{planned_ms}}});
}

// In this order: what is deleted is declared and signed before the first byte goes, so a stop in between is
// finished by the next start.
Status LiveLesson::redact(TimeRange range, const std::optional<Digest>& subject) {
  SHILU_TRY(const auto folder, journal::LessonFolder::open(directory_));
  const bool was_pending = folder.redaction_pending();
  if (was_pending) SHILU_CHECK(finish_deletion(folder));
  auto event = plan_redaction(folder, range, subject);
  if (!event && was_pending && event.error().kind == ErrorKind::kNotFound) return {};  // it is gone now
  if (!event) return fail(event.error());
  deletion_open_ = true;
  SHILU_CHECK(journal_->commit({EventRecord{now(), std::move(*event)}}));
  SHILU_TRY(const auto planned, journal::LessonFolder::open(directory_));
  return finish_deletion(planned);
}

// Of all that the journal calls deleted.
Status LiveLesson::finish_deletion(const journal::LessonFolder& folder) {
  SHILU_CHECK(journal_->sign(now(), "redaction"));
  SHILU_CHECK(erase_all_redacted(files_, folder));
  SHILU_CHECK(journal_->commit({EventRecord{now(), journal::RedactionDoneEvent{}}}));
  deletion_open_ = false;
  want_checkpoint("redaction");
  return {};
}

// A deletion that failed gets its last try; after that it is the next start's.
void LiveLesson::finish_open_deletion() {
  if (!deletion_open_) return;
  const auto folder = journal::LessonFolder::open(directory_);
  const Status done = folder ? finish_deletion(*folder) : Status(fail(folder.error()));
  if (!done) log_error("what was to be deleted is still there: {}", done.error().message);
}

EventRecord LiveLesson::clock_event() const {
  const auto quality = clock_.quality();
  return {now(), journal::ClockEvent{to_rfc3339(clock_.wall()), quality.synchronised, quality.error_ms}};
}

// Every 10 s, and at once when somebody set the clock.
std::vector<Record> LiveLesson::due_events() {
  const Nanoseconds ahead(clock_.wall().ns - clock_.monotonic().ns);
  const bool set = std::chrono::abs(ahead - wall_ahead_) > kClockSet;
  if (clock_.monotonic() < next_clock_event_ && !set) return {};
  wall_ahead_ = ahead;
  next_clock_event_ = clock_.monotonic() + kClockInterval;
  return {clock_event()};
}

Status LiveLesson::checkpoint(std::string_view reason) {
  SHILU_CHECK(journal_->checkpoint(now(), reason));
  next_checkpoint_ = clock_.monotonic() + kCheckpointInterval;
  checkpoint_reason_ = "time";
  return {};
}

void LiveLesson::declare_absent_tracks() {
  if (away()) {
    writer_->expect_nothing();
  } else {
    writer_->declare_absent(now(), clock_.monotonic());
  }
}

Status LiveLesson::tick() {
  const auto wanted = take_wanted_checkpoint();
  declare_absent_tracks();
  auto synced = writer_->sync(now(), clock_.monotonic(), due_events());
  if (!wanted.empty()) checkpoint_reason_ = wanted;
  if (synced && *synced && checkpoint_reason_ == "time") checkpoint_reason_ = "gap";
  if (checkpoint_reason_ != "time" || clock_.monotonic() >= next_checkpoint_) {
    SHILU_CHECK(checkpoint(std::string(checkpoint_reason_)));
  }
  if (!synced) return fail(synced.error());
  return {};
}

Result<Mark> LiveLesson::mark_from(const MarkRequest& request) const {
  if (!is_uuid(request.id)) return fail(ErrorKind::kInvalidArgument, "a mark's id is a UUID in lower case");
  if (request.point && (request.point->empty() || request.point->size() > kMaxPoint)) {
    return fail(ErrorKind::kInvalidArgument, "a mark's point is the short code of an ability point");
  }
  Mark mark;
  mark.id = request.id;
  mark.point = request.point;
  const LessonTime pressed{(request.pressed - start()).count()};
  mark.at = std::clamp(pressed, LessonTime{0}, std::max(now(), LessonTime{0}));
  mark.look_back = std::clamp(request.look_back, Nanoseconds(0), kMaxLook);
  mark.look_ahead = std::clamp(request.look_ahead, Nanoseconds(0), kMaxLook);
  return mark;
}

Result<MarkAnswer> LiveLesson::store(const Mark& mark) {
  SHILU_TRY(auto answer, marks_->add(mark));
  if (answer.is_new) want_checkpoint("mark");
  return answer;
}

Result<MarkAnswer> LiveLesson::mark(const MarkRequest& request) {
  SHILU_TRY(const auto mark, mark_from(request));
  SHILU_CHECK(refuse_while_away(mark.at));
  return store(mark);
}

Result<MarkAnswer> LiveLesson::import_mark(const MarkRequest& request) {
  SHILU_TRY(const auto mark, mark_from(request));
  return store(mark);
}

// A press from before it began still lands.
Status LiveLesson::refuse_while_away(LessonTime pressed) const {
  const auto why = away();
  if (!why || pressed < why->since) return {};
  if (why->why == Away::Why::kStopping)
    return fail(ErrorKind::kFailedPrecondition, "The lesson has been stopped.");
  return fail(ErrorKind::kPermissionDenied,
              "This is a private moment: nothing is recorded, so there is nothing to mark.");
}

Status LiveLesson::undo_mark(const std::string& id) {
  SHILU_CHECK(marks_->undo(id, now()));
  want_checkpoint("mark");
  return {};
}

// A source of which nothing ever came has no track, but its loss is a loss.
std::vector<Record> LiveLesson::gaps_of_absent_sources(LessonTime end) const {
  std::vector<Record> records;
  const auto tracks = writer_->tracks();
  for (const auto& source : info_.sources) {
    const auto name = track_name(source.name, expected_kind(source.kind));
    // A network source may well be a microphone.
    const bool known = std::any_of(tracks.begin(), tracks.end(), [&](const auto& track) {
      return track.state.name.starts_with(source.name + ".");
    });
    if (known || end.ns <= 0) continue;
    records.push_back(EventRecord{
        now(), journal::GapEvent{name, LessonTime{0}, end, std::string(to_string(GapReason::kSourceLost))}});
  }
  return records;
}

// A disk that is too slow gets the most valuable of it; the rest is declared.
void LiveLesson::store_what_is_left() {
  const auto deadline = clock_.monotonic() + kLastWrites;
  const auto in_time = [&] { return clock_.monotonic() < deadline; };
  for (int attempt = 0; attempt < kLastAttempts && !writer_->idle() && in_time(); ++attempt) {
    if (const auto written = writer_->write_waiting(in_time); !written)
      log_error("{}", written.error().message);
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
  finish_open_deletion();
  writer_->close_files();  // first: a full disk has room again for the records below
  std::vector<Record> records;
  if (const auto left = away(); left && left->why == Away::Why::kPrivate) {
    records.push_back(EventRecord{now(), journal::PrivateEvent{left->since, std::max(left->since, end)}});
  }
  for (auto& record : writer_->final_gaps(end, now(), reason_of)) records.push_back(std::move(record));
  for (auto& record : gaps_of_absent_sources(end)) records.push_back(std::move(record));
  records.push_back(clock_event());
  records.push_back(EventRecord{now(), journal::StopEvent{end.ms(), std::string(stop_reason)}});
  SHILU_CHECK(journal_->commit(std::move(records)));
  return journal_->checkpoint(now(), "stop");
}

}  // namespace shilu::recorder
