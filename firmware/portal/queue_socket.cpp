#include "firmware/portal/queue_socket.h"

#include <sys/socket.h>

#include "firmware/base/file_system.h"
#include "firmware/base/json_io.h"
#include "firmware/portal/submission_json.h"
#include "firmware/portal/upload_json.h"
#include "upload/sender/receipt_book.h"

namespace shilu::portal {
namespace {

constexpr Nanoseconds kPatience = std::chrono::seconds(2);  // with a client that says nothing

}  // namespace

QueueSocket::~QueueSocket() {
  if (!thread_.joinable()) return;
  ::shutdown(listener_.get(), SHUT_RDWR);  // wakes accept
  thread_.join();
}

Status QueueSocket::start() {
  SHILU_CHECK(posix_file_system().create_directories(context_.settings.runtime_directory));
  SHILU_TRY(listener_, listen_unix(context_.settings.runtime_directory / "shilud.sock"));
  thread_ = std::thread([this] { serve(); });
  return {};
}

// One after the other: each asks once or twice and is gone.
void QueueSocket::serve() {
  for (;;) {
    auto fd = accept_unix(listener_.get());
    if (!fd) return;
    MessageChannel channel(std::move(*fd));
    serve_one(channel);
  }
}

void QueueSocket::serve_one(MessageChannel& channel) {
  for (;;) {
    const auto request = channel.receive(kPatience);
    if (!request || !*request) return;
    if (!channel.send(answer(**request))) return;
  }
}

std::string QueueSocket::answer(const Bytes& request) {
  const auto answered = [&]() -> Result<Json> {
    SHILU_TRY(const Json json, parse_json(as_text(request)));
    return handle(json);
  }();
  if (answered) return canonical_json(*answered);
  return canonical_json(
      Json{{"ok", false},
           {"error", {{"kind", to_string(answered.error().kind)}, {"message", answered.error().message}}}});
}

Result<Json> QueueSocket::queue() {
  SHILU_TRY(const auto submissions, context_.store.submissions());
  Json list = Json::array();
  for (const store::Submission& submission : submissions)
    list.push_back(submission_json(context_, submission));
  return Json{{"ok", true}, {"upload", upload_json(context_)}, {"submissions", std::move(list)}};
}

// That somebody brought (`shilu queue --hand-in`).
Status QueueSocket::take_receipt(const std::string& text) {
  SHILU_TRY(const DsseEnvelope envelope, DsseEnvelope::from_json(text));
  SHILU_TRY(const auto enrolled, sender::load_enrolment(context_.settings.data_directory / "enrolment.json",
                                                        context_.settings.platform_url));
  if (!enrolled)
    return fail(ErrorKind::kFailedPrecondition, "this device has never enrolled; it knows no platform's key");
  SHILU_TRY(const auto submission, sender::take_receipt_by_hand(context_.store, *enrolled, envelope));
  context_.events.publish_to(submission.teacher_id, "submission", submission_json(context_, submission));
  if (context_.outbox != nullptr) context_.outbox->wake();
  return {};
}

Result<Json> QueueSocket::handle(const Json& request) {
  SHILU_TRY(const std::string operation, json_string(request, "op"));
  if (operation == "queue") return queue();
  if (operation == "receipt") {
    SHILU_TRY(const std::string envelope, json_string(request, "envelope"));
    SHILU_CHECK(take_receipt(envelope));
  } else if (operation == "limit") {
    SHILU_TRY(const std::string rate, json_string(request, "rate"));
    SHILU_CHECK(set_limit(context_, rate));
  } else {
    SHILU_TRY(const std::string id, json_string(request, "id"));
    SHILU_CHECK(steer_submission(context_, id, operation));
    packer_.wake();
    if (context_.outbox != nullptr) context_.outbox->wake();
  }
  return queue();
}

}  // namespace shilu::portal
