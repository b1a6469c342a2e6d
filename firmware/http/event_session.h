#pragma once
#include <memory>

#include "firmware/http/response.h"
#include "firmware/http/wire.h"

namespace shilu::http {

// Serves one event stream whose head has been sent, until the peer leaves, the sink is closed or the server
// stops.
Awaitable<void> run_events(Wire& wire, EventStream stream);

}  // namespace shilu::http
