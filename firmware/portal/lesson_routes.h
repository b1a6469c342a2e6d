#pragma once
// Lists of lessons, one lesson, its pictures and its check. docs/ref/device-api.md, "Lessons".

#include "firmware/http/server.h"
#include "firmware/portal/context.h"
#include "firmware/portal/movie_cache.h"

namespace shilu::portal {

void add_lesson_routes(http::Server& server, const Context& context, MovieCache& movies);

}  // namespace shilu::portal
