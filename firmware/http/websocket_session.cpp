#include "firmware/http/websocket_session.h"

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/field.hpp>
#include <boost/beast/websocket/stream.hpp>

#include "firmware/http/answer.h"
#include "firmware/http/guarded.h"
#include "firmware/http/pool_task.h"
#include "firmware/http/socket_queue.h"

namespace shilu::http {
namespace {

namespace websocket = boost::beast::websocket;
using Stream = websocket::stream<Tcp::socket&, false>;  // no compression: video does not shrink

constexpr std::size_t kMaxIncoming = 64 * 1024;

auto pending(error_code& error) {
  return asio::redirect_error(asio::use_awaitable, error);
}

template <typename Call>
Awaitable<void> call_handler(ServerContext& context, Call call) {
  auto task = [call = std::move(call)] {
    guarded([&] {
      call();
      return Response();
    });
    return true;
  };
  co_await on_pool(context, task);
}

void prepare(Stream& stream, const ServerOptions& options) {
  stream.read_message_max(kMaxIncoming);
  stream.auto_fragment(false);  // one frame per message, straight from the caller's bytes
  websocket::stream_base::timeout timeout{};
  timeout.handshake_timeout = std::chrono::seconds(10);
  timeout.idle_timeout = std::chrono::seconds(40);  // a ping after half of it
  timeout.keep_alive_pings = true;
  stream.set_option(timeout);
  stream.set_option(websocket::stream_base::decorator([&options](websocket::response_type& response) {
    response.set(boost::beast::http::field::server, "shilu");  // else Beast names itself and its version
    for (auto& [name, value] : options.common_headers) response.set(name, value);
  }));
}

Awaitable<void> read_messages(Stream& stream, ServerContext& context, const WebSocketHandlers& handlers,
                              std::shared_ptr<SocketQueue> queue) {
  boost::beast::flat_buffer buffer;
  error_code error;
  for (;;) {
    buffer.clear();
    co_await stream.async_read(buffer, pending(error));
    if (error) co_return;
    if (!stream.got_text()) {
      websocket::close_reason reason(websocket::close_code::unknown_data, "text only");
      co_await stream.async_close(reason, pending(error));
      co_return;
    }
    std::string_view text(static_cast<const char*>(buffer.data().data()), buffer.size());
    if (handlers.on_text) co_await call_handler(context, [&] { handlers.on_text(queue, text); });
  }
}

Awaitable<void> write_messages(Stream& stream, Wire& wire, std::shared_ptr<SocketQueue> queue,
                               std::shared_ptr<Doorbell> bell) {
  error_code error;
  while (!error && queue->state() != SocketQueue::State::kDropped) {
    auto message = queue->take();
    if (message) {
      stream.binary(message->binary != nullptr);
      auto bytes = message->binary ? asio::buffer(*message->binary) : asio::buffer(message->text);
      co_await stream.async_write(bytes, pending(error));
      queue->sent(message->size());
    } else if (queue->state() == SocketQueue::State::kClosing) {
      co_await stream.async_close(websocket::close_code::normal, pending(error));
      break;
    } else {
      co_await bell->wait_until(SteadyTime::max());
    }
  }
  queue->drop();
  wire.stop();  // ends the reader, if the peer has not
}

}  // namespace

Awaitable<void> run_websocket(Wire& wire, std::string received, const Request& request,
                              const WebSocketHandlers& handlers) {
  ServerContext& context = wire.context();
  Stream stream(wire.socket());
  prepare(stream, context.options);
  error_code error;
  co_await stream.async_accept(asio::buffer(received), pending(error));
  if (error) co_return;
  auto bell = std::make_shared<Doorbell>(context.io);
  auto queue = std::make_shared<SocketQueue>(bell, [&wire] {
    wire.close_hard();
    wire.stop();
  });
  if (handlers.on_open) co_await call_handler(context, [&] { handlers.on_open(request, queue); });
  Companion writer;
  writer.start(context.io, write_messages(stream, wire, queue, bell));
  if (!wire.stopped()) co_await read_messages(stream, context, handlers, queue);
  queue->drop();
  bell->ring();
  co_await writer.join();
  bell->disconnect();
  if (handlers.on_close) co_await call_handler(context, [&] { handlers.on_close(queue); });
}

}  // namespace shilu::http
