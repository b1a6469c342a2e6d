#include "capture/recorder/recorder.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "capture/recorder/recorder_session.h"
#include "firmware/base/ids.h"
#include "firmware/base/log.h"

namespace shilu::recorder {
namespace {

using std::filesystem::path;

// A source may be late: what was before the stop is awaited for so long.
constexpr Nanoseconds kLastUnits = std::chrono::milliseconds(1500);
constexpr Nanoseconds kLook = std::chrono::milliseconds(5);

std::string_view to_string(StopReason reason) {
  switch (reason) {
    case StopReason::kUser:
      return "user";
    case StopReason::kTime:
      return "time";
    case StopReason::kDiskFull:
      return "disk-full";
  }
  return "user";
}

tl::unexpected<Error> not_recording() {
  return fail(ErrorKind::kFailedPrecondition, "No lesson is being recorded.");
}

}  // namespace

Status prepare_runtime_directory(const path& directory) {
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  if (!error) std::filesystem::permissions(directory, std::filesystem::perms::owner_all, error);
  if (error) return fail_errno(error.value(), fmt::format("prepare {}", directory.string()));
  return {};
}

Recorder::Recorder(RecorderSettings settings, CertifiedKey key, FileSystem& files, const Clock& clock,
                   RecorderListener* listener)
    : settings_(std::move(settings)),
      key_(std::move(key)),
      files_(files),
      clock_(clock),
      listener_(listener),
      slept_(settings_.slept()) {}

Result<std::unique_ptr<Recorder>> Recorder::open(RecorderSettings settings, CertifiedKey key,
                                                 FileSystem& files, const Clock& clock,
                                                 RecorderListener* listener) {
  SHILU_CHECK(prepare_runtime_directory(settings.runtime_directory));
  auto recorder =
      std::unique_ptr<Recorder>(new Recorder(std::move(settings), std::move(key), files, clock, listener));
  recorder->make_inputs();
  SHILU_CHECK(recorder->take_up_unfinished());
  for (const auto& input : recorder->inputs_) input->start();
  recorder->housekeeper_ = std::thread([raw = recorder.get()] { raw->keep_house(); });
  return recorder;
}

Recorder::~Recorder() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  housekeeper_wake_.notify_all();
  if (housekeeper_.joinable()) housekeeper_.join();
  const auto running = session();
  if (running) {
    running->threads.end();
    // Once more, while the captures can still be told what they may forget.
    const auto deadline = clock_.monotonic() + kLastWrites;
    static_cast<void>(running->lesson->writer().write_waiting([&] { return clock_.monotonic() < deadline; }));
    if (const auto synced = running->lesson->tick(); !synced) log_error("{}", synced.error().message);
  }
  const auto ending = running ? SourceSupervisor::Ending::kLeaveRunning : SourceSupervisor::Ending::kShutDown;
  for (const auto& input : inputs_) input->end(ending);
  for (const auto& input : inputs_) input->detach(SourceInput::Rest::kAbandon);
  if (running) running->lesson->writer().close_files();
}

void Recorder::make_inputs() {
  for (const auto& source : settings_.sources) {
    SourceSupervisor::Options options;
    options.source = source;
    options.runtime_directory = settings_.runtime_directory;
    options.capture_program = settings_.capture_program;
    options.capture_log = settings_.capture_log;
    inputs_.push_back(
        std::make_unique<SourceInput>(std::move(options), clock_, [this] { fragment_offered(); }));
  }
}

std::shared_ptr<Recorder::Session> Recorder::session() const {
  const std::lock_guard lock(mutex_);
  return session_;
}

Surroundings Recorder::surroundings(const CertifiedKey& key) {
  return {files_, clock_, key, settings_.limits, *this};
}

void Recorder::fragment_offered() {
  const std::lock_guard lock(mutex_);
  if (session_) session_->threads.fragment_offered();
}

void Recorder::begin_session(std::unique_ptr<LiveLesson> lesson, SourceInput::Entry entry) {
  auto& running = *lesson;
  auto session = std::make_shared<Session>(std::move(lesson), settings_.tick);
  {
    const std::lock_guard lock(mutex_);
    session_ = std::move(session);
    fault_.clear();
    armed_ = false;
  }
  const auto& sources = running.info().sources;
  for (const auto& input : inputs_) {
    const auto same = [&](const SourceInfo& source) { return source.name == input->spec().name; };
    // A source that was added since the lesson began is none of its.
    if (std::any_of(sources.begin(), sources.end(), same)) input->attach(running, entry);
  }
  import_inbox(*this->session());
  if (listener_ != nullptr) listener_->on_change();
}

LessonInfo Recorder::new_info(std::optional<std::int64_t> planned_ms) const {
  LessonInfo info;
  info.lesson_id = new_uuid();
  info.boot_id = boot_id();
  info.start_monotonic = clock_.monotonic();
  info.start_wall = clock_.wall();
  info.clock = clock_.quality();
  for (const auto& source : settings_.sources)
    info.sources.push_back({source.name, source.kind, source.required});
  info.recording_certificate = key_.certificate.envelope.to_json();
  info.software = settings_.software;
  info.planned_ms = planned_ms;
  return info;
}

// A new lesson's folder: absent or empty.
Result<path> Recorder::new_directory(const path& wanted, const std::string& lesson_id) const {
  if (wanted.empty() && settings_.lessons_directory.empty()) {
    return fail(ErrorKind::kInvalidArgument, "The lesson has no folder to go to.");
  }
  auto directory =
      wanted.empty() ? settings_.lessons_directory / lesson_id : std::filesystem::absolute(wanted);
  if (files_.exists(directory)) {
    SHILU_TRY(const auto names, files_.list(directory));
    if (!names.empty()) {
      return fail(ErrorKind::kAlreadyExists,
                  fmt::format("{} is there already and not empty.", directory.string()));
    }
  }
  return directory;
}

bool Recorder::has_picture() const {
  return std::any_of(inputs_.begin(), inputs_.end(), [](const auto& input) { return input->has_picture(); });
}

std::vector<std::string> Recorder::missing_sources() const {
  std::vector<std::string> names;
  for (const auto& input : inputs_) {
    const bool microphone = expected_kind(input->spec().kind) == MediaKind::kAudio;
    if (!(microphone ? input->has_sound() : input->has_picture())) names.push_back(input->spec().name);
  }
  return names;
}

Status Recorder::check_picture() const {
  if (has_picture()) return {};
  for (const auto& input : inputs_) {
    const auto detail = input->status().detail;
    if (!detail.empty())
      return fail(ErrorKind::kUnavailable, fmt::format("There is no picture to record. {}", detail));
  }
  return fail(ErrorKind::kUnavailable, "There is no picture to record yet.");
}

Result<StartedLesson> Recorder::start(const StartRequest& request) {
  const std::lock_guard control(control_mutex_);
  if (const auto running = session()) {
    const auto away = running->lesson->away();
    if (!away || away->why != Away::Why::kStopping) {
      return fail(ErrorKind::kFailedPrecondition, "A lesson is being recorded already.");
    }
    SHILU_CHECK(close_session(*running, away->since, away->stop_reason));
  }
  SHILU_CHECK(check_picture());
  auto info = new_info(request.planned_ms);  // the press is now
  info.platform_nonce = request.platform_nonce;
  SourceInput::Entry entry;
  {
    const std::lock_guard lock(mutex_);
    if (std::exchange(armed_, false)) entry.pre_roll = settings_.pre_roll;
  }
  for (const auto& input : inputs_) input->prepare();
  auto lesson = make_lesson(info, request);
  if (!lesson) {
    keep(Nanoseconds(0));  // nobody asked for what is in memory any more
    for (const auto& input : inputs_) input->prepared_in_vain();
    return fail(lesson.error());
  }
  const auto directory = (*lesson)->directory();
  begin_session(std::move(*lesson), entry);
  for (const auto& input : inputs_) {
    if (request.length) input->end_at(LessonTime{request.length->count()});
  }
  log_info("lesson {} began in {}", info.lesson_id, directory.string());
  return StartedLesson{info.lesson_id, directory, info.start_monotonic, to_rfc3339(info.start_wall)};
}

Result<std::unique_ptr<LiveLesson>> Recorder::make_lesson(const LessonInfo& info,
                                                          const StartRequest& request) {
  SHILU_TRY(const auto directory, new_directory(request.directory, info.lesson_id));
  SHILU_CHECK(check_space(directory, request.planned_ms));
  return LiveLesson::begin(surroundings(key_), info, directory, request.subject);
}

// Until every source that is alive has given all that was before the end.
void Recorder::await_end() const {
  const auto deadline = clock_.monotonic() + kLastUnits;
  const auto reached = [](const auto& input) { return input->reached_end(); };
  while (!std::all_of(inputs_.begin(), inputs_.end(), reached) && clock_.monotonic() < deadline) {
    std::this_thread::sleep_for(kLook);
  }
}

GapReason Recorder::tail_reason(const std::string& track) const {
  const auto parts = parse_track_name(track);
  if (!parts) return GapReason::kSourceLost;
  for (const auto& input : inputs_) {
    if (input->spec().name == parts->source) return input->open_reason(parts->kind);
  }
  return GapReason::kSourceLost;
}

std::map<std::string, GapReason> Recorder::tail_reasons(const Session& running) const {
  std::map<std::string, GapReason> reasons;
  const auto away = running.lesson->away();
  for (const auto& track : running.lesson->writer().tracks()) {
    const auto& name = track.state.name;
    reasons[name] = away && away->why == Away::Why::kPrivate ? GapReason::kPrivate : tail_reason(name);
    if (track.no_room) reasons[name] = GapReason::kDiskFull;
  }
  return reasons;
}

Result<StoppedLesson> Recorder::stop(StopReason reason, std::optional<LessonTime> at) {
  const std::lock_guard control(control_mutex_);
  const auto running = session();
  if (!running) return not_recording();
  const auto away = running->lesson->away();
  if (away && away->why == Away::Why::kStopping)
    return close_session(*running, away->since, away->stop_reason);
  const auto now = running->lesson->now();
  const auto end = LessonTime::from_ms(std::max<std::int64_t>(std::min(at.value_or(now), now).ms(), 0));
  import_inbox(*running);
  if (!away) {
    for (const auto& input : inputs_) input->end_at(end);
    if (!running->lesson->writer().storage_full()) await_end();
  }
  return close_session(*running, end, to_string(reason));
}

Result<StoppedLesson> Recorder::close_session(Session& running, LessonTime end, std::string_view reason) {
  auto& lesson = *running.lesson;
  auto reasons = tail_reasons(running);
  for (const auto& input : inputs_) input->detach(SourceInput::Rest::kFlush);
  running.threads.end();
  const auto finished = lesson.finish(end, reason, [&](const std::string& track) {
    return lesson.writer().storage_full() ? GapReason::kDiskFull : reasons[track];
  });
  {
    const std::lock_guard lock(mutex_);
    session_.reset();
    if (!finished) fault_ = finished.error().message;
  }
  if (listener_ != nullptr) listener_->on_change();
  if (!finished) return fail(finished.error().within("the lesson could not be closed"));
  log_info("lesson {} ended after {} ms", lesson.info().lesson_id, end.ms());
  return StoppedLesson{lesson.info().lesson_id, lesson.directory(), end.ms()};
}

Result<MarkAnswer> Recorder::mark(const MarkRequest& request) {
  const auto running = session();
  if (!running) return not_recording();
  auto answer = running->lesson->mark(request);
  if (answer) running->threads.tick_wanted();
  return answer;
}

Status Recorder::undo_mark(const std::string& id) {
  const auto running = session();
  if (!running) return not_recording();
  auto undone = running->lesson->undo_mark(id);
  if (undone) running->threads.tick_wanted();
  return undone;
}

// --- told by the lesson's writer

void Recorder::epoch_durable(const journal::EpochEvent& epoch) {
  const auto running = session();
  if (listener_ != nullptr && running) listener_->on_epoch(running->lesson->info().lesson_id, epoch);
}

void Recorder::fragment_durable(const std::string& track, const journal::FragmentRecord& record) {
  const auto running = session();
  if (listener_ != nullptr && running)
    listener_->on_fragment(running->lesson->info().lesson_id, track, record);
}

void Recorder::units_durable(const std::string& track, UnitName last) {
  const auto parts = parse_track_name(track);
  if (!parts || last.peer == 0) return;
  for (const auto& input : inputs_) {
    if (input->spec().name == parts->source) input->acknowledge(parts->kind, last);
  }
}

}  // namespace shilu::recorder
