#include "firmware/portal/log_keeper.h"

#include <fmt/format.h>

#include "firmware/base/digest.h"
#include "firmware/base/json_io.h"
#include "firmware/base/log.h"

namespace shilu::portal {
namespace {

constexpr Nanoseconds kLookInterval = std::chrono::seconds(2);
constexpr Nanoseconds kClockInterval = std::chrono::hours(1);
constexpr Nanoseconds kClockStep = std::chrono::seconds(2);
constexpr std::string_view kSoftware = "shilu " SHILU_VERSION;

std::string key_of(std::string_view kind, std::string_view id) {
  return fmt::format("{} {}", kind, id);
}

std::string state_of(const store::Clip& clip) {
  return fmt::format("{}-{} {} {}", clip.from_ms, clip.to_ms, clip.point, fmt::join(clip.sources, ","));
}

bool was_sent(const store::Submission& submission) {
  using State = store::SubmissionState;
  return submission.state != State::kPacking && submission.state != State::kQueued &&
         submission.state != State::kWithdrawn;
}

}  // namespace

LogKeeper::LogKeeper(const Context& context, journal::DeviceLog& log, std::function<void()> on_entry)
    : context_(context), log_(log), on_entry_(std::move(on_entry)) {}

LogKeeper::~LogKeeper() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  woken_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void LogKeeper::start() {
  thread_ = std::thread([this] { run(); });
}

void LogKeeper::wake() {
  {
    const std::lock_guard lock(mutex_);
    wake_ = true;
  }
  woken_.notify_all();
}

void LogKeeper::run() {
  log_.each([this](const journal::LogEntry& entry) { remember(entry); });
  begin();
  for (;;) {
    if (look() && on_entry_) on_entry_();
    std::unique_lock lock(mutex_);
    woken_.wait_for(lock, kLookInterval, [this] { return wake_ || stopping_; });
    wake_ = false;
    if (stopping_) return;
  }
}

// What an entry says, so that it is said once.
void LogKeeper::remember(const journal::LogEntry& entry) {
  const Json members = parse_json(entry.members).value_or(Json::object());
  // Of these only: the key's entry is written before, when the log is opened.
  if (entry.event == "boot" || entry.event == "restart") last_boot_ = entry.boot_id;
  if (entry.event == "boot" || entry.event == "version")
    last_software_ = json_string_or(members, "software", "");
  const auto id = json_string_or(members, "id", "");
  if (id.empty()) return;
  said_.insert(key_of(entry.event, id));
  const auto kind = json_string_or(members, "kind", "");
  if (kind.empty()) return;
  const auto key = key_of(kind, id);
  if (entry.event == "delete") {
    kept_.erase(key);
    of_lesson_.erase(key);
    return;
  }
  kept_[key] = json_string_or(members, "state", "");
  of_lesson_[key] = json_string_or(members, "lesson_id", "");
}

void LogKeeper::note(const std::string& event, const Json& members) {
  journal::LogEntry entry;
  entry.event = event;
  entry.boot_id = boot_id();
  entry.members = canonical_json(members);
  if (const auto written = log_.append(event, members); !written) {
    log_error("the device log cannot be written: {}", written.error().message);
    return;  // the log keeps it and writes it before the next one
  }
  remember(entry);
  logged_ = true;
}

void LogKeeper::begin() {
  const auto quality = context_.clock.quality();
  const bool same_boot = last_boot_ == boot_id();
  const bool other_software = !last_software_.empty() && last_software_ != kSoftware;
  if (other_software) note("version", {{"software", kSoftware}, {"previous", last_software_}});
  note(same_boot ? "restart" : "boot", {{"software", kSoftware}, {"error_ms", quality.error_ms}});
  next_clock_ = context_.clock.monotonic() + kClockInterval;
  logged_ = true;
}

bool LogKeeper::look() {
  look_at_clock();
  look_at_lessons();
  look_at_submissions();
  return std::exchange(logged_, false);
}

// Wall time against monotonic time: a step is logged at once, the state once an hour.
void LogKeeper::look_at_clock() {
  const auto monotonic = context_.clock.monotonic();
  const auto wall = context_.clock.wall();
  Nanoseconds step{0};
  if (last_clock_) step = Nanoseconds(wall.ns - last_clock_->second.ns) - (monotonic - last_clock_->first);
  last_clock_ = {monotonic, wall};
  const bool stepped = step > kClockStep || step < -kClockStep;
  if (!stepped && monotonic < next_clock_) return;
  next_clock_ = monotonic + kClockInterval;
  note("clock", {{"error_ms", context_.clock.quality().error_ms},
                 {"stepped_ms", stepped ? step.count() / 1'000'000 : 0}});
}

void LogKeeper::look_at_lessons() {
  const auto ids = context_.lessons.ids();
  if (!ids) return log_warning("the lessons cannot be listed: {}", ids.error().message);
  std::set<std::string> there;
  bool all_read = true;
  for (const auto& id : *ids) {
    there.insert(key_of("lesson", id));
    if (!said_.contains(key_of("stop", id))) look_at_lesson(id);
    all_read = look_at_drafts(id, there) && all_read;
  }
  if (all_read) look_for_deleted(there);  // else what could not be read would seem to be gone
}

void LogKeeper::look_at_lesson(const std::string& id) {
  struct Seen {
    std::vector<std::string> marks;
    std::optional<std::string> stop_reason;
  };
  const auto seen = context_.lessons.with<Seen>(id, [](journal::LessonFolder& folder) -> Result<Seen> {
    Seen found;
    for (const auto& mark : folder.marks()) found.marks.push_back(mark.id);
    for (const auto& stored : folder.records()) {
      const auto* event = std::get_if<journal::EventRecord>(&stored.record);
      const auto* stop = event == nullptr ? nullptr : std::get_if<journal::StopEvent>(&event->body);
      if (stop != nullptr) found.stop_reason = stop->reason;
    }
    return found;
  });
  if (!seen) return;  // not readable now; the next look comes
  if (!said_.contains(key_of("start", id))) note("start", {{"kind", "lesson"}, {"id", id}});
  for (const auto& mark : seen->marks) {
    if (!said_.contains(key_of("mark", mark))) note("mark", {{"id", mark}, {"lesson_id", id}});
  }
  if (seen->stop_reason) note("stop", {{"id", id}, {"reason", *seen->stop_reason}});
}

// -> could all of them be read?
bool LogKeeper::look_at_drafts(const std::string& lesson_id, std::set<std::string>& there) {
  const auto clips = context_.store.clips_of(lesson_id);
  const auto documents = context_.store.documents_of(lesson_id);
  if (!clips || !documents) return false;
  for (const auto& clip : *clips) {
    const auto key = key_of("clip", clip.id);
    there.insert(key);
    const auto known = kept_.find(key);
    if (known != kept_.end() && known->second == state_of(clip)) continue;
    note(known == kept_.end() ? "clip" : "edit",
         {{"kind", "clip"}, {"id", clip.id}, {"lesson_id", lesson_id}, {"state", state_of(clip)}});
  }
  for (const auto& document : *documents) {
    const auto key = key_of("document", document.id);
    there.insert(key);
    if (kept_.contains(key)) continue;
    note("edit",
         {{"kind", "document"}, {"id", document.id}, {"lesson_id", lesson_id}, {"state", document.sha256}});
  }
  return true;
}

void LogKeeper::look_for_deleted(const std::set<std::string>& there) {
  std::vector<std::string> gone;
  for (const auto& [key, state] : kept_) {
    if (!there.contains(key) && !key.starts_with("package ")) gone.push_back(key);
  }
  for (const auto& key : gone) {
    const auto space = key.find(' ');
    note("delete", {{"kind", key.substr(0, space)}, {"id", key.substr(space + 1)}});
  }
}

void LogKeeper::look_at_submissions() {
  const auto submissions = context_.store.submissions();
  if (!submissions) return;
  for (auto submission = submissions->rbegin(); submission != submissions->rend(); ++submission) {
    if (!submission->package_sha256) continue;
    const auto& id = *submission->package_sha256;
    if (!said_.contains(key_of("package", id)))
      note("package", {{"id", id}, {"lesson_id", submission->lesson_id}, {"clip_id", submission->clip_id}});
    if (was_sent(*submission) && !said_.contains(key_of("upload", id))) note("upload", {{"id", id}});
    if (submission->receipt && !said_.contains(key_of("receipt", id)))
      note("receipt", {{"id", id}, {"receipt_sha256", to_hex(sha256(*submission->receipt))}});
  }
}

}  // namespace shilu::portal
