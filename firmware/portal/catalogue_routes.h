#pragma once
// Ability points and the tiles under a teacher's finger. docs/ref/device-api.md, "Catalogue and health".

#include "firmware/http/server.h"
#include "firmware/portal/context.h"

namespace shilu::portal {

void add_catalogue_routes(http::Server& server, const Context& context);

}  // namespace shilu::portal
