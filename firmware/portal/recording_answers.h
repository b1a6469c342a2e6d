#pragma once
// What the routes that speak to the recorder answer in common.

#include "firmware/http/response.h"
#include "firmware/portal/context.h"
#include "firmware/portal/recorder_link.h"

namespace shilu::portal {

bool is_away(const Error& error);  // the recorder does not answer
// The recorder's own refusal with its stable code; when it is away: `recorder-away`.
http::Response refusal(std::string_view operation, const Error& error);

// Somebody else's lesson is not to be stopped, marked or deleted from. As long as nobody can say whose it is,
// the answer is 503 to everybody.
using Running = Result<std::optional<recorder::LessonStatus>>;  // RecorderLink::running()
std::optional<http::Response> refuse_stranger(const Context& context, const Running& running,
                                              const store::Teacher& teacher);

}  // namespace shilu::portal
