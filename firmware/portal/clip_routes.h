#pragma once
// Clips: making, trimming, playing, checking before they are handed in. docs/ref/device-api.md, "Lessons".

#include "firmware/http/server.h"
#include "firmware/portal/context.h"
#include "firmware/portal/movie_cache.h"

namespace shilu::portal {

void add_clip_routes(http::Server& server, const Context& context, MovieCache& movies);

}  // namespace shilu::portal
