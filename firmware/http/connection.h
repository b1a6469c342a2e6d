#pragma once
#include "firmware/http/wire.h"

namespace shilu::http {

// One accepted connection, request after request, until it closes. The caller has counted it in `serving`
// and, by its address, in `serving_peer`; this takes it out again.
Awaitable<void> serve_connection(ServerContext& context, Tcp::socket socket, std::string address);

// One connection too many: 503, then closed. Not counted as open.
Awaitable<void> refuse_connection(ServerContext& context, Tcp::socket socket);

}  // namespace shilu::http
