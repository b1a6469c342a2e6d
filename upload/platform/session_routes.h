#pragma once
// Assessors sign in and out. docs/ref/platform-api.md, "Review".

#include "firmware/http/server.h"
#include "upload/platform/context.h"

namespace shilu::platform {

void add_session_routes(http::Server& server, const Context& context);

}  // namespace shilu::platform
