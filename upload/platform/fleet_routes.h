#pragma once
// For whoever looks after the devices: the list of them with its alarms, and the revocation of keys. Asked
// with the operator's token. docs/ref/platform-api.md, "Fleet".

#include "firmware/http/server.h"
#include "upload/platform/context.h"

namespace shilu::platform {

void add_fleet_routes(http::Server& server, const Context& context);

}  // namespace shilu::platform
