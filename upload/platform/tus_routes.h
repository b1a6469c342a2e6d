#pragma once
// tus 1.0.0 receiver: core, creation, termination, expiration. docs/ref/platform-api.md, "Upload".

#include "firmware/http/server.h"
#include "upload/platform/context.h"

namespace shilu::platform {

void add_tus_routes(http::Server& server, const Context& context);

}  // namespace shilu::platform
