#include "capture/recorder/control_server.h"

#include <fmt/format.h>
#include <sys/socket.h>

#include <algorithm>
#include <atomic>
#include <utility>

#include "capture/recorder/control_protocol.h"
#include "firmware/base/json_io.h"
#include "firmware/base/log.h"

namespace shilu::recorder {
namespace {

constexpr std::size_t kMostClients = 32;
constexpr Nanoseconds kStatusInterval = std::chrono::seconds(1);
constexpr std::int64_t kLongestLease_ms = 60'000;
constexpr std::int64_t kMostExtension_ms = 4 * 3'600'000;

std::string status_message(const Recorder& recorder) {
  return canonical_json(Json{{"event", "status"}, {"status", recorder.status().to_json()}});
}

}  // namespace

struct ControlServer::Client {
  explicit Client(UniqueFd fd) : channel(std::move(fd)), outbox(std::make_shared<Outbox>()) {}

  MessageChannel channel;
  std::shared_ptr<Outbox> outbox;  // shared with the hub once subscribed
  bool wants_events = false;       // the hearing thread's
  std::atomic<bool> ended = false;
  std::thread hears;
  std::thread speaks;

  void speak() {
    while (const auto message = outbox->take()) {
      if (!channel.send(*message)) break;
    }
    outbox->close();
    channel.shutdown();  // wakes the hearing thread
  }
};

ControlServer::ControlServer(UniqueFd listener, Recorder& recorder, EventHub& hub)
    : listener_(std::move(listener)),
      recorder_(recorder),
      hub_(hub),
      acceptor_([this] { accept(); }),
      teller_([this] { tell_status(); }) {}

ControlServer::~ControlServer() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  ::shutdown(listener_.get(), SHUT_RDWR);  // wakes accept
  acceptor_.join();
  hub_.end();
  teller_.join();
  for (const auto& client : clients_) {
    client->outbox->close();
    client->channel.shutdown();
    client->hears.join();
    client->speaks.join();
  }
}

void ControlServer::forget_ended() {
  clients_.remove_if([](const auto& client) {
    if (!client->ended) return false;
    client->hears.join();
    client->speaks.join();
    return true;
  });
}

void ControlServer::accept() {
  for (;;) {
    auto fd = accept_unix(listener_.get());
    const std::lock_guard lock(mutex_);
    if (ending_) return;
    if (!fd) {
      log_error("{}", fd.error().message);
      return;
    }
    forget_ended();
    if (clients_.size() >= kMostClients) continue;
    auto& client = *clients_.emplace_back(std::make_unique<Client>(std::move(*fd)));
    client.speaks = std::thread([&client] { client.speak(); });
    client.hears = std::thread([this, &client] { serve(client); });
  }
}

void ControlServer::serve(Client& client) {
  for (;;) {
    const auto request = client.channel.receive();
    if (!request || !*request) break;
    client.outbox->put(answer(**request, client));
    // Behind the answer, so that no event comes before it.
    if (std::exchange(client.wants_events, false)) hub_.subscribe(client.outbox);
  }
  client.outbox->close();
  client.ended = true;
}

std::string ControlServer::answer(const Bytes& request, Client& client) {
  std::string operation;
  const auto answered = [&]() -> Result<Json> {
    SHILU_TRY(const auto json, parse_json(as_text(request)));
    SHILU_TRY(operation, json_string(json, "op"));
    return handle(operation, json, client);
  }();
  return canonical_json(answered ? *answered : error_answer(operation, answered.error()));
}

Result<Json> ControlServer::handle(const std::string& operation, const Json& request, Client& client) {
  if (operation == "status") return Json{{"ok", true}, {"status", recorder_.status().to_json()}};
  if (operation == "start") {
    SHILU_TRY(const auto wanted, start_request_from(request));
    SHILU_TRY(const auto started, recorder_.start(wanted));
    return to_json(started);
  }
  if (operation == "stop") {
    const bool for_now = request.contains("for_now") && request["for_now"] == true;
    SHILU_TRY(const auto stopped, for_now ? recorder_.stop_for_now() : recorder_.stop(StopReason::kUser));
    return to_json(stopped);
  }
  if (operation == "mark" || operation == "mark-undo") return handle_mark(operation, request);
  if (operation == "subscribe") {
    client.wants_events = true;
    return Json{{"ok", true}};
  }
  return handle_moment(operation, request);
}

Result<Json> ControlServer::handle_mark(const std::string& operation, const Json& request) {
  if (operation == "mark") {
    SHILU_TRY(const auto wanted, mark_request_from(request));
    SHILU_TRY(const auto marked, recorder_.mark(wanted));
    return to_json(marked);
  }
  SHILU_TRY(const auto id, json_string(request, "id"));
  SHILU_CHECK(recorder_.undo_mark(id));
  return Json{{"ok", true}};
}

Result<Json> ControlServer::handle_moment(const std::string& operation, const Json& request) {
  const Json good{{"ok", true}};
  if (operation == "pause") return recorder_.begin_private().map([&] { return good; });
  if (operation == "resume" || operation == "continue") return recorder_.go_on().map([&] { return good; });
  if (operation == "extend") {
    SHILU_TRY(const auto by, json_int(request, "by_ms"));
    if (by <= 0 || by > kMostExtension_ms)
      return fail(ErrorKind::kInvalidArgument, "\"by_ms\" is at most 4 hours");
    SHILU_TRY(const auto planned, recorder_.extend(std::chrono::milliseconds(by)));
    return Json{{"ok", true}, {"planned_ms", planned}};
  }
  if (operation == "redact") {
    SHILU_TRY(const auto wanted, redact_request_from(request));
    return recorder_.redact(wanted).map([&] { return good; });
  }
  if (operation == "arm") {
    SHILU_TRY(const auto lease, json_int(request, "lease_ms"));
    recorder_.arm(std::chrono::milliseconds(std::clamp<std::int64_t>(lease, 0, kLongestLease_ms)));
    return good;
  }
  if (operation == "disarm") {
    recorder_.disarm();
    return good;
  }
  return fail(ErrorKind::kInvalidArgument, fmt::format("there is no operation \"{}\"", operation));
}

void ControlServer::tell_status() {
  while (hub_.await_change(kStatusInterval)) hub_.publish(status_message(recorder_));
}

}  // namespace shilu::recorder
