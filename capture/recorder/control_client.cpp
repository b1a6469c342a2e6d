#include "capture/recorder/control_client.h"

#include "firmware/base/json_io.h"
#include "firmware/base/log.h"
#include "firmware/base/unix_socket.h"

namespace shilu::recorder {
namespace {

constexpr Nanoseconds kQuick = std::chrono::seconds(10);
constexpr Nanoseconds kSlow = std::chrono::seconds(60);  // start and stop wait for the disk
constexpr Nanoseconds kSlice = std::chrono::milliseconds(250);

Result<Json> receive(MessageChannel& channel, Nanoseconds patience) {
  SHILU_TRY(const auto message, channel.receive(patience));
  if (!message) return fail(ErrorKind::kUnavailable, "the recorder closed the connection");
  return parse_json(as_text(*message));
}

Result<MessageChannel> connect(const std::filesystem::path& socket) {
  auto fd = connect_unix(socket);
  if (!fd) return fail(ErrorKind::kUnavailable, "The recorder does not answer: " + fd.error().message);
  return MessageChannel(std::move(*fd));
}

}  // namespace

Result<Json> ControlClient::ask(const Json& request, Nanoseconds patience) const {
  SHILU_TRY(auto channel, connect(socket_));
  SHILU_CHECK(channel.send(canonical_json(request)));
  SHILU_TRY(const auto answer, receive(channel, patience));
  return accepted(answer);
}

Result<RecorderStatus> ControlClient::status() const {
  SHILU_TRY(const auto answer, ask({{"op", "status"}}, kQuick));
  SHILU_TRY(const auto status, json_object(answer, "status"));
  return RecorderStatus::from_json(status);
}

Result<StartedLesson> ControlClient::start(const StartRequest& request) const {
  return ask(to_json(request), kSlow).and_then(started_lesson_from);
}

Result<StoppedLesson> ControlClient::stop() const {
  return ask({{"op", "stop"}}, kSlow).and_then(stopped_lesson_from);
}

Result<StoppedLesson> ControlClient::stop_for_now() const {
  return ask({{"op", "stop"}, {"for_now", true}}, kSlow).and_then(stopped_lesson_from);
}

Status ControlClient::go_on() const {
  SHILU_CHECK(ask({{"op", "continue"}}, kQuick));
  return {};
}

Status ControlClient::begin_private() const {
  SHILU_CHECK(ask({{"op", "pause"}}, kQuick));
  return {};
}

Result<std::int64_t> ControlClient::extend(Nanoseconds by) const {
  SHILU_TRY(const auto answer, ask({{"op", "extend"}, {"by_ms", by / std::chrono::milliseconds(1)}}, kQuick));
  return json_int(answer, "planned_ms");
}

Status ControlClient::redact(const RedactRequest& request) const {
  SHILU_CHECK(ask(to_json(request), kSlow));
  return {};
}

Status ControlClient::arm(Nanoseconds lease) const {
  SHILU_CHECK(ask({{"op", "arm"}, {"lease_ms", lease / std::chrono::milliseconds(1)}}, kQuick));
  return {};
}

Status ControlClient::disarm() const {
  SHILU_CHECK(ask({{"op", "disarm"}}, kQuick));
  return {};
}

Result<MarkNotice> ControlClient::mark(const MarkRequest& request) const {
  return ask(to_json(request), kQuick).and_then(mark_notice_from);
}

Status ControlClient::undo_mark(const std::string& id) const {
  SHILU_CHECK(ask({{"op", "mark-undo"}, {"id", id}}, kQuick));
  return {};
}

ControlSubscription::ControlSubscription(std::filesystem::path socket, Callbacks callbacks)
    : socket_(std::move(socket)), callbacks_(std::move(callbacks)), thread_([this] { run(); }) {}

ControlSubscription::~ControlSubscription() {
  ending_ = true;
  thread_.join();
}

void ControlSubscription::run() {
  while (!ending_) {
    const auto ended = follow();
    if (!ended) log_debug("recorder: {}", ended.error().message);
    if (!ending_) std::this_thread::sleep_for(kSlice);
  }
}

Status ControlSubscription::follow() {
  SHILU_TRY(auto channel, connect(socket_));
  SHILU_CHECK(channel.send(canonical_json(Json{{"op", "subscribe"}})));
  if (callbacks_.connection) callbacks_.connection(true);
  Status result;
  while (!ending_) {
    const auto event = receive(channel, kSlice);
    if (!event && event.error().kind == ErrorKind::kTimedOut) continue;
    if (!event) {
      result = fail(event.error());
      break;
    }
    dispatch(*event);
  }
  if (callbacks_.connection) callbacks_.connection(false);
  return result;
}

void ControlSubscription::dispatch(const Json& event) const {
  const auto name = json_string_or(event, "event", "");
  if (name == "status" && callbacks_.status) {
    const auto status = json_object(event, "status").and_then(RecorderStatus::from_json);
    if (status) callbacks_.status(*status);
  } else if (name == "fragment" && callbacks_.fragment) {
    if (const auto notice = fragment_notice_from(event)) callbacks_.fragment(*notice);
  } else if (name == "epoch" && callbacks_.epoch) {
    if (const auto notice = epoch_notice_from(event)) callbacks_.epoch(*notice);
  }
}

}  // namespace shilu::recorder
