#pragma once
// GET /api/lessons/{lesson}/thumbnail.jpg?at_ms=…&source=…

#include "firmware/http/server.h"
#include "firmware/portal/context.h"

namespace shilu::portal {

void add_thumbnail_route(http::Server& server, const Context& context);

}  // namespace shilu::portal
