#include "firmware/http/upload_session.h"

#include "firmware/http/guarded.h"
#include "firmware/http/pool_task.h"
#include "firmware/http/upload_pump.h"

namespace shilu::http {
namespace {

using State = UploadPump::State;

// Runs on the pool: the last call on the sink and its destruction.
UploadEnd end_of(UploadPump& pump, State state, Woken woken) {
  if (state == State::kWhole) return {UploadEnd::How::kFinished, guarded([&] { return pump.finish(); })};
  if (state == State::kRefused) return {UploadEnd::How::kRefused, guarded([&] { return pump.refuse(); })};
  guarded([&] {
    pump.abort();
    return Response();
  });
  if (state == State::kBroken)
    return {UploadEnd::How::kRefused, problem(400, "invalid-argument", pump.error().message)};
  if (woken == Woken::kTimedOut)
    return {UploadEnd::How::kRefused,
            problem(408, "timed-out", "the body of the request did not come in time")};
  return {UploadEnd::How::kGone, {}};
}

}  // namespace

Awaitable<UploadEnd> receive_upload(Wire& wire, std::string& input, const Head& head,
                                    std::unique_ptr<BodySink> sink) {
  ServerContext& context = wire.context();
  UploadPump pump(head, input, std::move(sink));
  auto run = [&pump, fd = wire.fd(), &context] { return pump.run(fd, context.stopping); };
  State state = State::kYield;
  Woken woken = Woken::kReady;
  while (woken == Woken::kReady && (state == State::kYield || state == State::kWaiting)) {
    state = co_await on_pool(context, run);
    if (state == State::kWaiting)
      woken = co_await wire.readable(seconds_from_now(context.options.body_timeout_s));
  }
  auto finish = [&pump, state, woken] { return end_of(pump, state, woken); };
  co_return co_await on_pool(context, finish);
}

}  // namespace shilu::http
