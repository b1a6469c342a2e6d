#pragma once
// Runs a function on the pool while the calling coroutine waits on the loop: what blocks on the disk never
// holds up a connection that does not need it.

#include <memory>
#include <type_traits>

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/executor_work_guard.hpp>

#include "firmware/http/server_context.h"

namespace shilu::http {

// `task` gives a movable value. It is destroyed on the pool, with all that it holds.
template <typename Task>
Awaitable<std::invoke_result_t<Task&>> on_pool(ServerContext& context, Task task) {
  using Value = std::invoke_result_t<Task&>;
  auto initiate = [&context](auto handler, std::unique_ptr<Task> held) {
    // The guard keeps the loop alive until the answer is back on it.
    auto guard = asio::make_work_guard(context.io);
    asio::post(context.pool, [handler = std::move(handler), held = std::move(held),
                              guard = std::move(guard)]() mutable {
      Value value = (*held)();
      held.reset();
      asio::post(guard.get_executor(), [handler = std::move(handler), value = std::move(value)]() mutable {
        std::move(handler)(std::move(value));
      });
    });
  };
  auto held = std::make_unique<Task>(std::move(task));
  co_return co_await asio::async_initiate<const asio::use_awaitable_t<>, void(Value)>(
      std::move(initiate), asio::use_awaitable, std::move(held));
}

}  // namespace shilu::http
