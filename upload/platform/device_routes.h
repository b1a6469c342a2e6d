#pragma once
// What devices ask: who the platform is, enrolment, offers, the state of a package. docs/ref/platform-api.md,
// "Devices".

#include "firmware/http/server.h"
#include "upload/platform/context.h"

namespace shilu::platform {

void add_device_routes(http::Server& server, const Context& context);

}  // namespace shilu::platform
