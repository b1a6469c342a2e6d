#include "firmware/http/connection.h"

#include "firmware/http/answer_sender.h"
#include "firmware/http/event_session.h"
#include "firmware/http/guarded.h"
#include "firmware/http/input.h"
#include "firmware/http/pool_task.h"
#include "firmware/http/target.h"
#include "firmware/http/text_tools.h"
#include "firmware/http/upload_session.h"
#include "firmware/http/websocket_session.h"

namespace shilu::http {
namespace {

enum class Next {
  kRequest,  // the connection goes on
  kLinger,   // answered; the peer may still be sending
  kClose,    // nothing is left to say
};

class Connection {
 public:
  Connection(ServerContext& context, Tcp::socket socket)
      : context_(context), wire_(context, std::move(socket)) {}
  Awaitable<void> run();

 private:
  Awaitable<Next> serve_one(SteadyTime idle_until);
  Awaitable<Next> dispatch(const Head& head, Request& request);
  Awaitable<Next> refuse(const Head& head, const Request& request, Response response);
  Awaitable<Next> buffered(const Head& head, Request& request, const Handler& handler);
  Awaitable<Next> upload(const Head& head, const Request& request, const UploadOpener& opener);
  Awaitable<Next> upgrade(const Head& head, const Request& request, const WebSocketHandlers& handlers);
  Awaitable<Next> send(const Head& head, const Request& request, Response response, AfterAnswer after);
  Awaitable<Next> send_error(const HeadError& error);
  Awaitable<bool> invite_body(const Head& head);

  ServerContext& context_;
  Wire wire_;
  std::string input_;
};

Response refusal(const HeadError& error) {
  auto response = problem(error.status, error.status == 413 ? "too-large" : "bad-request", error.detail);
  return response;
}

// tus 1.0: "X-HTTP-Method-Override" for clients whose proxies know GET and POST only.
std::string method_of(const Head& head) {
  auto found = head.headers.find("x-http-method-override");
  if (head.method != "POST" || found == head.headers.end()) return head.method;
  for (auto method : {"PATCH", "DELETE"}) {
    if (equal_ignoring_case(found->second, method)) return method;
  }
  return head.method;
}

AfterAnswer after_of(const Head& head) {
  return head.keep_alive ? AfterAnswer::kKeepAlive : AfterAnswer::kClose;
}

Awaitable<void> Connection::run() {
  auto next = co_await serve_one(seconds_from_now(context_.options.head_timeout_s));
  while (next == Next::kRequest) next = co_await serve_one(seconds_from_now(context_.options.idle_timeout_s));
  if (next == Next::kLinger) co_await linger(wire_);
}

Awaitable<Next> Connection::serve_one(SteadyTime idle_until) {
  auto incoming = co_await read_head(wire_, input_, idle_until);
  if (std::holds_alternative<Gone>(incoming)) co_return Next::kClose;
  if (auto* error = std::get_if<HeadError>(&incoming)) co_return co_await send_error(*error);
  Head head = std::move(std::get<Head>(incoming));
  Request request;
  request.method = method_of(head);
  request.headers = head.headers;
  request.peer = wire_.peer();
  auto target = parse_target(head.target);
  if (!target) co_return co_await refuse(head, request, problem(target.error()));
  request.path = std::move(target->path);
  request.query = std::move(target->query);
  co_return co_await dispatch(head, request);
}

Awaitable<Next> Connection::dispatch(const Head& head, Request& request) {
  auto wanted = head.wants_websocket ? Router::Wanted::kWebSocket : Router::Wanted::kAnswer;
  auto found = context_.router.find(request.method, request.path, wanted);
  request.parameters = std::move(found.parameters);
  if (!found.target && found.allowed.empty())
    co_return co_await refuse(head, request,
                              problem(404, "not-found", "there is nothing at " + request.path));
  if (!found.target) {
    auto response = problem(405, "method-not-allowed", request.method + " is not possible here");
    co_return co_await refuse(head, request, std::move(response).with_header("Allow", found.allowed));
  }
  if (auto* handler = std::get_if<Handler>(found.target))
    co_return co_await buffered(head, request, *handler);
  if (auto* opener = std::get_if<UploadOpener>(found.target))
    co_return co_await upload(head, request, *opener);
  co_return co_await upgrade(head, request, std::get<WebSocketHandlers>(*found.target));
}

// An answer that does not need the body. A small body is read over, so that the connection can go on.
Awaitable<Next> Connection::refuse(const Head& head, const Request& request, Response response) {
  auto after = after_of(head);
  if (head.framing != Framing::kNone) {
    bool small = !head.expect_continue && head.content_length <= context_.options.max_buffered_body;
    if (!small) co_return co_await send(head, request, std::move(response), AfterAnswer::kClose);
    auto body = co_await read_body(wire_, input_, head, context_.options.max_buffered_body);
    if (std::holds_alternative<Gone>(body)) co_return Next::kClose;
    if (std::holds_alternative<HeadError>(body)) after = AfterAnswer::kClose;
  }
  co_return co_await send(head, request, std::move(response), after);
}

Awaitable<bool> Connection::invite_body(const Head& head) {
  if (!head.expect_continue || head.framing == Framing::kNone || !input_.empty()) co_return true;
  co_return co_await send_text(wire_, "HTTP/1.1 100 Continue\r\n\r\n") == Sent::kAll;
}

Awaitable<Next> Connection::buffered(const Head& head, Request& request, const Handler& handler) {
  const auto limit = context_.options.max_buffered_body;
  if (head.content_length <= limit && !co_await invite_body(head)) co_return Next::kClose;
  auto body = co_await read_body(wire_, input_, head, limit);
  if (std::holds_alternative<Gone>(body)) co_return Next::kClose;
  if (auto* error = std::get_if<HeadError>(&body))
    co_return co_await send(head, request, refusal(*error), AfterAnswer::kClose);
  request.body = std::move(std::get<std::string>(body));
  auto call = [&handler, &request] { return guarded([&] { return handler(request); }); };
  auto response = co_await on_pool(context_, call);
  co_return co_await send(head, request, std::move(response), after_of(head));
}

Awaitable<Next> Connection::upload(const Head& head, const Request& request, const UploadOpener& opener) {
  std::unique_ptr<BodySink> sink;
  auto open = [&] {
    return guarded([&] {
      auto opened = opener(request);
      if (auto* response = std::get_if<Response>(&opened)) return std::move(*response);
      sink = std::move(std::get<std::unique_ptr<BodySink>>(opened));
      return Response();
    });
  };
  auto early = co_await on_pool(context_, open);
  if (!sink) {
    auto after = head.framing == Framing::kNone ? after_of(head) : AfterAnswer::kClose;
    co_return co_await send(head, request, std::move(early), after);
  }
  co_await invite_body(head);  // a peer that is gone is noticed below, where the sink is told
  auto end = co_await receive_upload(wire_, input_, head, std::move(sink));
  if (end.how == UploadEnd::How::kGone) co_return Next::kClose;
  auto after = end.how == UploadEnd::How::kFinished ? after_of(head) : AfterAnswer::kClose;
  co_return co_await send(head, request, std::move(end.response), after);
}

Awaitable<Next> Connection::upgrade(const Head& head, const Request& request,
                                    const WebSocketHandlers& handlers) {
  if (!head.wants_websocket || head.framing != Framing::kNone) {
    auto response = problem(426, "upgrade-required", "this address speaks WebSocket only");
    response.headers = {{"Upgrade", "websocket"}};
    co_return co_await refuse(head, request, std::move(response));
  }
  bool admitted = false;
  auto admit = [&] {
    return guarded([&] {
      auto refusal = handlers.admit ? handlers.admit(request) : std::nullopt;
      admitted = !refusal;
      return refusal ? std::move(*refusal) : Response();
    });
  };
  auto refused = co_await on_pool(context_, admit);
  if (!admitted) co_return co_await send(head, request, std::move(refused), after_of(head));
  co_await run_websocket(wire_, head.raw + std::exchange(input_, {}), request, handlers);
  co_return Next::kClose;
}

Awaitable<Next> Connection::send(const Head& head, const Request& request, Response response,
                                 AfterAnswer after) {
  if (context_.stopping) after = AfterAnswer::kClose;
  auto answer =
      make_answer(request, std::move(response), {head.version, after, &context_.options.common_headers});
  if (co_await send_answer(wire_, answer) != Sent::kAll) co_return Next::kClose;
  if (answer.events.on_open) {
    co_await run_events(wire_, std::move(answer.events));
    co_return Next::kClose;
  }
  co_return answer.after == AfterAnswer::kClose ? Next::kLinger : Next::kRequest;
}

Awaitable<Next> Connection::send_error(const HeadError& error) {
  co_return co_await send(Head(), Request(), refusal(error), AfterAnswer::kClose);
}

}  // namespace

Awaitable<void> serve_connection(ServerContext& context, Tcp::socket socket, std::string address) {
  {
    Connection connection(context, std::move(socket));
    co_await connection.run();
  }
  --context.serving;
  if (--context.serving_peer[address] == 0) context.serving_peer.erase(address);
}

Awaitable<void> refuse_connection(ServerContext& context, Tcp::socket socket) {
  Wire wire(context, std::move(socket));
  auto response =
      problem(503, "unavailable", "too many connections are open").with_header("Retry-After", "1");
  const AnswerRules rules{11, AfterAnswer::kClose, &context.options.common_headers};
  auto answer = make_answer(Request(), std::move(response), rules);
  if (co_await send_answer(wire, answer) == Sent::kAll) co_await linger(wire);
}

}  // namespace shilu::http
