#pragma once
// Handing in. docs/ref/device-api.md, "Submissions".

#include "firmware/http/server.h"
#include "firmware/portal/context.h"
#include "firmware/portal/packer.h"

namespace shilu::portal {

void add_upload_routes(http::Server& server, const Context& context);
void add_submission_routes(http::Server& server, const Context& context, Packer& packer);

}  // namespace shilu::portal
