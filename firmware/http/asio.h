#pragma once
// What we use of Asio 1.74, under the names that this module uses. Only .cpp files and headers that are
// private to the module include it. <utility> must come first: this Asio forgets it for its coroutines.

#include <utility>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/error_code.hpp>

namespace shilu::http {

namespace asio = boost::asio;
using boost::system::error_code;
using Tcp = boost::asio::ip::tcp;
using SteadyTime = std::chrono::steady_clock::time_point;

template <typename T>
using Awaitable = asio::awaitable<T>;

}  // namespace shilu::http
