#include "firmware/portal/packer.h"

#include <sched.h>

#include "firmware/base/file_system.h"
#include "firmware/base/json_io.h"
#include "firmware/base/log.h"
#include "firmware/portal/package_keeper.h"
#include "upload/evidence/package.h"
#include "upload/sender/package_files.h"

namespace shilu::portal {
namespace {

// The piece that a clip serves: the point's first video, or its name when it asks for none.
std::string video_piece(const config::AbilityPoint& point) {
  for (const config::EvidencePiece& piece : point.evidence) {
    if (piece.kind == "video") return piece.title;
  }
  return point.name;
}

void add_fields(const store::Submission& submission, evidence::PackageRequest& request) {
  const auto fields = parse_json(submission.fields);
  if (!fields || !fields->is_object()) return;
  for (const auto& [name, value] : fields->items()) {
    if (!value.is_string()) continue;
    auto& group = evidence::is_identity_field(name) ? request.teacher.fields : request.fields;
    group[name] = value.get<std::string>();
  }
}

void add_notes(const store::Submission& submission, evidence::ClipRequest& clip) {
  const auto fields = parse_json(submission.fields);
  if (!fields || !fields->is_object()) return;
  for (const Json& note : fields->value(kNotesField, Json::array())) {
    evidence::NoteRequest request;
    request.at = LessonTime::from_ms(note.value("at_ms", std::int64_t{0}));
    if (note.contains("to_ms")) request.to = LessonTime::from_ms(note["to_ms"].get<std::int64_t>());
    request.text = note.value("text", "");
    clip.notes.push_back(std::move(request));
  }
}

void idle_priority() {
  const sched_param none{};
  sched_setscheduler(0, SCHED_IDLE, &none);  // of this thread; the recording goes first
}

}  // namespace

Packer::Packer(const Context& context, CertifiedKey seal_key, Bytes subject_salt,
               std::function<void(const store::Submission&)> on_change)
    : context_(context),
      seal_key_(std::move(seal_key)),
      subject_salt_(std::move(subject_salt)),
      on_change_(std::move(on_change)) {}

Packer::~Packer() {
  stopping_ = true;
  wake();
  if (thread_.joinable()) thread_.join();
}

void Packer::start() {
  thread_ = std::thread([this] { run(); });
}

void Packer::wake() {
  {
    const std::lock_guard lock(mutex_);
    wake_ = true;
  }
  woken_.notify_all();
}

void Packer::run() {
  idle_priority();
  while (!stopping_) {
    {
      std::unique_lock lock(mutex_);
      woken_.wait(lock, [&] { return wake_ || stopping_; });
      wake_ = false;
    }
    pack_all();
  }
}

void Packer::pack_all() {
  const auto waiting = context_.store.submissions_to_pack();
  if (!waiting) {
    log_error("packer: {}", waiting.error().message);
    return;
  }
  for (const store::Submission& submission : *waiting) {
    if (stopping_) return;
    pack(submission);
  }
}

void Packer::pack(const store::Submission& submission) {
  if (const auto built = build(submission); !built) failed(submission, built.error());
  if (const auto now = context_.store.submission(submission.id)) on_change_(*now);
  if (context_.outbox != nullptr) context_.outbox->wake();
}

// A submission that was withdrawn meanwhile is no failure, but its package is too much.
void Packer::failed(const store::Submission& submission, const Error& why) {
  const auto now = context_.store.submission(submission.id);
  if (now && now->state == store::SubmissionState::kWithdrawn) {
    const auto removed = sender::remove_package_files(package_file(context_, submission.id));
    if (!removed) log_error("packer: submission={} {}", submission.id, removed.error().message);
    return;
  }
  log_warning("packer: submission={} {}", submission.id, why.message);
  (void)context_.store.packing_failed(submission.id, why.message);
}

Status Packer::build(const store::Submission& submission) {
  SHILU_TRY(const store::Clip clip, context_.store.clip(submission.clip_id));
  SHILU_TRY(const store::Teacher teacher, context_.store.teacher(submission.teacher_id));
  SHILU_TRY(const auto documents, context_.store.documents_of(submission.lesson_id));
  evidence::PackageRequest request;
  SHILU_TRY(request.point, context_.catalogue.require(submission.point));
  request.lesson = context_.lessons.path_of(submission.lesson_id);
  request.programme = submission.programme;
  request.catalogue = context_.catalogue.id;
  request.clips = {{{LessonTime::from_ms(clip.from_ms), LessonTime::from_ms(clip.to_ms)},
                    clip.sources,
                    video_piece(*request.point),
                    {}}};
  add_notes(submission, request.clips.front());
  for (const store::Document& document : documents) {
    if (document.clip_id && *document.clip_id != clip.id) continue;  // another clip's
    request.documents.push_back({document.title, document.file, document.media_type});
  }
  request.teacher = {teacher.id, subject_salt_, {{"姓名", teacher.display_name}}};
  add_fields(submission, request);
  if (context_.outbox != nullptr) request.identity_key = context_.outbox->identity_key();
  request.software = "shilu " SHILU_VERSION;

  const std::filesystem::path file = package_file(context_, submission.id);
  SHILU_CHECK(posix_file_system().create_directories(file.parent_path()));
  SHILU_TRY(const evidence::BuiltPackage built,
            evidence::build_package(request, seal_key_, context_.clock, file));
  return context_.store.package_built(submission.id, built.file.string(), to_hex(built.sha256),
                                      static_cast<std::int64_t>(built.size_bytes));
}

}  // namespace shilu::portal
