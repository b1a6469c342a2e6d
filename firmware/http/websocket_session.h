#pragma once
#include <string>

#include "firmware/http/server.h"
#include "firmware/http/wire.h"

namespace shilu::http {

// Serves one WebSocket (RFC 6455) whose upgrade was admitted, until it ends. `received`: the head as it came
// and what came behind it. Messages from the peer may have 64 KiB; they must be text.
Awaitable<void> run_websocket(Wire& wire, std::string received, const Request& request,
                              const WebSocketHandlers& handlers);

}  // namespace shilu::http
