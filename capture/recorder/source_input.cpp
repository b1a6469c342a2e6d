#include "capture/recorder/source_input.h"

#include <algorithm>

#include "firmware/base/log.h"

namespace shilu::recorder {
namespace {

// A lesson can be followed by its sound alone; the screen is what the teacher has on file anyway.
constexpr int kSound = 100;
constexpr int kCamera = 6;
constexpr int kScreen = 3;

int value_of(const SourceSpec& spec, MediaKind kind) {
  const int usual = spec.kind == "screen" ? kScreen : kCamera;
  return (kind == MediaKind::kAudio ? kSound : 0) + (spec.value != 0 ? spec.value : usual);
}

constexpr Nanoseconds kSilent = std::chrono::seconds(3);  // longer than any GOP: nothing arrives any more
constexpr Nanoseconds kKeyPatience = std::chrono::seconds(5);
constexpr Nanoseconds kAskAgain = std::chrono::seconds(20);
constexpr Nanoseconds kAcknowledgeEvery = std::chrono::milliseconds(500);  // while no lesson runs

GapReason reason_of(const link::StateChange& change) {
  return change.code == "ended" ? GapReason::kSourceEnded : GapReason::kSourceLost;
}

}  // namespace

SourceInput::SourceInput(SourceSupervisor::Options options, const Clock& clock, std::function<void()> offered)
    : spec_(options.source),
      clock_(clock),
      offered_(std::move(offered)),
      supervisor_(std::move(options), *this) {}

// --- a lesson begins and ends

void SourceInput::keep(Nanoseconds length) {
  const std::lock_guard lock(mutex_);
  for (auto* input : {&video_, &audio_}) {
    input->pre_roll.keep(length);
    const auto forgotten = input->pre_roll.forgotten();
    if (!lesson_ && forgotten && length == Nanoseconds(0)) forget(*input, *forgotten);
  }
}

PreRollStatus SourceInput::pre_roll() const {
  const std::lock_guard lock(mutex_);
  return {std::max(video_.pre_roll.length(), audio_.pre_roll.length()),
          video_.pre_roll.bytes() + audio_.pre_roll.bytes()};
}

void SourceInput::prepare() {
  const std::lock_guard lock(mutex_);
  video_.pre_roll.hold();
  audio_.pre_roll.hold();
}

void SourceInput::prepared_in_vain() {
  const std::lock_guard lock(mutex_);
  for (auto* input : {&video_, &audio_}) {
    input->pre_roll.release();
    if (const auto forgotten = input->pre_roll.forgotten()) forget(*input, *forgotten);
  }
}

void SourceInput::attach(LiveLesson& lesson, Entry entry) {
  const std::lock_guard lock(mutex_);
  lesson_ = &lesson;
  entry_ = entry;
  for (auto* input : {&video_, &audio_}) {
    auto units = input->pre_roll.take(lesson.start(), entry.pre_roll);
    if (!input->parameters) continue;
    make_builder(*input);
    for (auto& unit : units) input->builder->add(std::move(unit), peer_, clock_.monotonic());
  }
  miss_picture();
}

// The lesson's track of this kind; made where there is none.
std::size_t SourceInput::lesson_track(MediaKind kind) {
  auto& writer = lesson_->writer();
  const auto name = track_name(spec_.name, kind);
  const auto tracks = writer.tracks();
  const auto found = std::find_if(tracks.begin(), tracks.end(),
                                  [&](const TrackReport& track) { return track.state.name == name; });
  auto index = static_cast<std::size_t>(found - tracks.begin());
  if (found == tracks.end()) {
    TrackState state;
    state.name = name;
    state.kind = kind;
    index = writer.add_track(std::move(state));
  }
  writer.set_value(index, value_of(spec_, kind));
  return index;
}

// A picture that never comes is missing from the lesson, and that is declared.
void SourceInput::miss_picture() {
  if (link::is_without_picture(state_.code)) picture_missing_ = true;
  if (lesson_ && picture_missing_) lesson_track(MediaKind::kVideo);
}

void SourceInput::make_builder(TrackInput& input) {
  auto& writer = lesson_->writer();
  const auto index = lesson_track(input.kind);
  const auto known = writer.tracks()[index].state;
  TrackBuilder::Beginning beginning;
  beginning.kind = input.kind;
  beginning.lesson_start = lesson_->start();
  const bool never_came = known.number < 0;  // its gap may be declared, but no restart was the reason
  beginning.stored_reason = never_came ? GapReason::kSourceLost : entry_.resumed;
  beginning.not_before = entry_.not_before;
  beginning.earliest = LessonTime{-entry_.pre_roll.count()};
  if (known.anything) beginning.stored_until = known.durable_until;
  auto emit = [&writer, index, this](Fragment fragment) {
    const auto lost = writer.offer(index, std::move(fragment), clock_.monotonic());
    offered_();
    return lost;
  };
  input.builder = std::make_unique<TrackBuilder>(beginning, input.distance, std::move(emit));
  if (entry_.end) input.builder->end_at(*entry_.end);
  if (const auto set = input.builder->set_parameters(*input.parameters); !set) refuse(set.error());
}

void SourceInput::end_at(LessonTime end) {
  const std::lock_guard lock(mutex_);
  entry_.end = end;
  for (auto* input : {&video_, &audio_}) {
    if (input->builder) input->builder->end_at(end);
  }
}

void SourceInput::go_on(LessonTime from, GapReason reason) {
  const std::lock_guard lock(mutex_);
  entry_.end.reset();
  for (auto* input : {&video_, &audio_}) {
    if (input->builder) input->builder->go_on(from, reason);
  }
}

void SourceInput::cut(LessonTime from, GapReason reason) {
  const std::lock_guard lock(mutex_);
  for (auto* input : {&video_, &audio_}) {
    if (input->builder) input->builder->cut(from, reason);
  }
}

void SourceInput::move_start(MonotonicTime lesson_start) {
  const std::lock_guard lock(mutex_);
  for (auto* input : {&video_, &audio_}) {
    if (input->builder) input->builder->move_start(lesson_start, GapReason::kSuspended);
  }
}

bool SourceInput::reached_end() const {
  const std::lock_guard lock(mutex_);
  if (state_.state != link::SourceState::kLive) return true;
  const auto reached = [](const TrackInput& input) { return !input.builder || input.builder->reached_end(); };
  return (picture_missing_ || reached(video_)) && reached(audio_);
}

void SourceInput::detach(Rest rest) {
  const std::lock_guard lock(mutex_);
  for (auto* input : {&video_, &audio_}) {
    if (input->builder && rest == Rest::kFlush) input->builder->flush();
    input->builder.reset();
  }
  lesson_ = nullptr;
}

void SourceInput::close_if_silent() {
  const std::lock_guard lock(mutex_);
  for (auto* input : {&video_, &audio_}) {
    if (input->builder) input->builder->close_if_silent(clock_.monotonic());
  }
}

GapReason SourceInput::open_reason(MediaKind kind) const {
  const std::lock_guard lock(mutex_);
  if (state_.state != link::SourceState::kLive) return reason_of(state_);
  if (kind == MediaKind::kVideo && picture_missing_) return GapReason::kSourceLost;
  const auto& input = track(kind);
  return input.builder ? input.builder->open_reason() : GapReason::kSourceLost;
}

// Not whether the pre-roll holds something: it is empty for a GOP after each lesson, and the next may begin
// at once.
bool SourceInput::gives(MediaKind kind) const {
  const std::lock_guard lock(mutex_);
  const auto& input = track(kind);
  return state_.state == link::SourceState::kLive && input.parameters && input.decodable_at &&
         clock_.monotonic() - *input.decodable_at < kSilent;
}

SourceStatus SourceInput::status() const {
  const std::lock_guard lock(mutex_);
  SourceStatus status;
  status.name = spec_.name;
  status.kind = spec_.kind;
  status.required = spec_.required;
  status.state = link::to_string(state_.state);
  status.code = state_.code;
  status.detail = state_.detail;
  status.picture_missing = picture_missing_;
  for (const auto* input : {&video_, &audio_}) {
    const bool announced = !lesson_ && !input->decodable_at;  // nothing of it came that can be recorded
    if (!input->parameters || announced) continue;
    const auto& parameters = input->parameters->parameters;
    TrackStatus track;
    track.name = track_name(spec_.name, input->kind);
    track.codec = rfc6381(parameters);
    track.width = parameters.width;
    track.height = parameters.height;
    const auto usual = input->distance.ticks(parameters.timescale);
    if (usual > 0) track.fps = static_cast<double>(parameters.timescale) / usual;
    status.tracks.push_back(std::move(track));
  }
  return status;
}

// --- what the capture process says

void SourceInput::peer_connected(std::uint64_t peer) {
  const std::lock_guard lock(mutex_);
  if (peer != peer_) {
    interrupt(GapReason::kSourceLost);
    for (auto* input : {&video_, &audio_}) {
      input->last_number = 0;
      input->decodable_at.reset();
      input->pre_roll.clear();
    }
  }
  peer_ = peer;
}

void SourceInput::interrupt(GapReason reason) {
  for (auto* input : {&video_, &audio_}) {
    if (input->builder) input->builder->interrupt(reason);
  }
}

// Only the connection may be gone: the same process would go on without a gap.
void SourceInput::peer_lost() {
  const std::lock_guard lock(mutex_);
  state_ = {link::SourceState::kConnecting, "The capture process went away; it is started anew.", ""};
}

void SourceInput::state_changed(const link::StateChange& change) {
  const std::lock_guard lock(mutex_);
  if (change.state == link::SourceState::kLost) interrupt(reason_of(change));
  if (change.state != state_.state)
    log_info("{}: {} {}", spec_.name, link::to_string(change.state), change.detail);
  state_ = change;
  miss_picture();
}

void SourceInput::refuse(const Error& error) {
  log_error("{}: {}", spec_.name, error.message);
  state_ = {link::SourceState::kLost, error.message, "unsupported"};
}

void SourceInput::parameters_changed(const link::TrackParameters& parameters) {
  const std::lock_guard lock(mutex_);
  auto& input = track(parameters.kind);
  input.parameters = parameters;
  if (!lesson_) return;
  if (!input.builder) {
    make_builder(input);
  } else if (const auto set = input.builder->set_parameters(parameters); !set) {
    refuse(set.error());
  }
}

void SourceInput::unit_arrived(link::AccessUnit unit) {
  const std::unique_lock lock(mutex_);
  auto& input = track(unit.kind);
  if (unit.number <= input.last_number) return;  // repeated by a process that we know already
  input.last_number = unit.number;
  input.distance.add(unit.decode_time);
  const auto now = clock_.monotonic();
  if (unit.sync || input.decodable_at) input.decodable_at = now;
  if (unit.kind == MediaKind::kVideo && unit.sync) picture_missing_ = false;
  std::optional<std::uint64_t> forgotten;
  if (input.builder) {
    const auto number = unit.number;
    input.builder->add(std::move(unit), peer_, now);
    ask_for_key(input, now);
    // Nothing of this is wanted, now or later; but what is before it may not be durable yet.
    if (input.builder->reached_end() && lesson_->writer().idle()) forgotten = number;
  } else {
    input.pre_roll.add(std::move(unit));
    forgotten = input.pre_roll.forgotten();
  }
  if (!forgotten || now - input.acknowledged_at < kAcknowledgeEvery) return;
  input.acknowledged_at = now;
  forget(input, *forgotten);
}

// A camera that sends a key picture only to who connects would not be recorded at all.
void SourceInput::ask_for_key(TrackInput& input, MonotonicTime now) {
  if (!input.builder->waits_for_key({(now - lesson_->start()).count()})) {
    input.key_due.reset();
    return;
  }
  if (!input.key_due) input.key_due = now + kKeyPatience;
  if (now < *input.key_due) return;
  log_warning("{}: no key picture has come for the lesson; the camera is asked for one", spec_.name);
  supervisor_.need_key();
  input.key_due = now + kAskAgain;
}

void SourceInput::forget(TrackInput& input, std::uint64_t number) {
  supervisor_.acknowledge(input.kind, {peer_, number});
}

}  // namespace shilu::recorder
