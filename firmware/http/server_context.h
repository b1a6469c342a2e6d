#pragma once
// What all connections of one server share. The loop runs in one thread; everything here but `pool`, `io`
// (posting) and `stopping` belongs to that thread once the server has started.

#include <atomic>
#include <map>
#include <set>

#include "firmware/http/asio.h"
#include "firmware/http/router.h"
#include "firmware/http/server.h"

namespace shilu::http {

class Wire;

struct ServerContext {
  explicit ServerContext(ServerOptions with)
      : options(std::move(with)), pool(std::max(1u, options.handler_threads)) {}

  ServerOptions options;
  Router router;
  asio::io_context io{1};
  asio::thread_pool pool;
  std::set<Wire*> wires;    // open sockets register themselves
  std::size_t serving = 0;  // of them, those that are served and not just told to come later
  std::map<std::string, std::size_t> serving_peer;  // the same by address
  std::atomic<bool> stopping{false};
};

}  // namespace shilu::http
