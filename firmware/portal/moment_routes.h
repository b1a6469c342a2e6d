#pragma once
// Private moments, stops taken back, more time, deletions, and the memory before a lesson: device-api.md,
// "Recording".

#include "firmware/http/server.h"
#include "firmware/portal/context.h"
#include "firmware/portal/recorder_link.h"

namespace shilu::portal {

void add_moment_routes(http::Server& server, const Context& context, RecorderLink& link,
                       const Bytes& subject_salt);

}  // namespace shilu::portal
