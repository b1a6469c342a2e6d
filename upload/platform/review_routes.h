#pragma once
// The assessors' blind review: queue, one review, draft, hand-in. docs/ref/platform-api.md, "Review". Nothing
// here says whose lesson it is: packages are shown only through what shown.h made.

#include "firmware/http/server.h"
#include "upload/platform/context.h"

namespace shilu::platform {

void add_review_routes(http::Server& server, const Context& context);

}  // namespace shilu::platform
