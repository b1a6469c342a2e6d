#pragma once
// Documents of a lesson: lesson plan, reflection, whatever a piece asks for. docs/ref/device-api.md,
// "Lessons".

#include "firmware/http/server.h"
#include "firmware/portal/context.h"

namespace shilu::portal {

inline constexpr std::uint64_t kMaxDocument = 50'000'000;

void add_document_routes(http::Server& server, const Context& context);

}  // namespace shilu::portal
