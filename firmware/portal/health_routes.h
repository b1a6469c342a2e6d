#pragma once
// GET /healthz and GET /api/doctor. docs/ref/device-api.md, "Catalogue and health".

#include "firmware/http/server.h"
#include "firmware/portal/context.h"

namespace shilu::portal {

void add_health_routes(http::Server& server, const Context& context);

}  // namespace shilu::portal
