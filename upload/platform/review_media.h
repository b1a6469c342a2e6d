#pragma once
// Clips and documents for assessors, by range straight out of the package file. docs/ref/platform-api.md,
// "Review".

#include "firmware/http/server.h"
#include "upload/platform/context.h"

namespace shilu::platform {

void add_review_media_routes(http::Server& server, const Context& context);

}  // namespace shilu::platform
