#include "firmware/http/event_session.h"

#include "firmware/http/answer_sender.h"
#include "firmware/http/event_queue.h"
#include "firmware/http/guarded.h"
#include "firmware/http/pool_task.h"

namespace shilu::http {
namespace {

// Ends when the peer has gone: it has nothing to say on this connection any more, so what it sends is read
// over.
Awaitable<void> watch_peer(Wire& wire, std::shared_ptr<EventQueue> queue, std::shared_ptr<Doorbell> bell) {
  char ignored[512];
  while (co_await wire.readable(SteadyTime::max()) == Woken::kReady) {
    auto state = receive_some(wire.fd(), ignored, sizeof ignored).state;
    if (state == Received::kEnd || state == Received::kBroken) break;
  }
  queue->drop();
  bell->ring();
}

Awaitable<void> send_events(Wire& wire, EventQueue& queue, Doorbell& bell) {
  const int silence_s = wire.context().options.event_keep_alive_s;
  auto keep_alive = seconds_from_now(silence_s);
  for (;;) {
    auto text = queue.take();
    if (!text.empty()) {
      if (co_await send_text(wire, text) != Sent::kAll) co_return;
      queue.sent();
      keep_alive = seconds_from_now(silence_s);
    } else if (queue.closed()) {
      co_return;
    } else {
      co_await bell.wait_until(keep_alive);
      if (std::chrono::steady_clock::now() >= keep_alive) queue.add_comment();
    }
  }
}

}  // namespace

Awaitable<void> run_events(Wire& wire, EventStream stream) {
  ServerContext& context = wire.context();
  auto bell = std::make_shared<Doorbell>(context.io);
  auto queue = std::make_shared<EventQueue>(bell, [&wire] {
    wire.close_hard();
    wire.stop();
  });
  Companion watcher;
  watcher.start(context.io, watch_peer(wire, queue, bell));
  auto open = [&stream, queue] {
    guarded([&] {
      stream.on_open(queue);
      return Response();
    });
    stream.on_open = nullptr;
    return true;
  };
  co_await on_pool(context, open);
  co_await send_events(wire, *queue, *bell);
  queue->drop();
  wire.stop();  // ends the watcher's wait
  co_await watcher.join();
  bell->disconnect();
}

}  // namespace shilu::http
