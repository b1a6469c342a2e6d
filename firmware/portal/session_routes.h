#pragma once
// Sign-in, sign-out, the names on the sign-in grid. docs/ref/device-api.md, "Sign-in".

#include "firmware/http/server.h"
#include "firmware/portal/context.h"

namespace shilu::portal {

void add_session_routes(http::Server& server, const Context& context);

}  // namespace shilu::portal
