#pragma once
// What the routes that speak to the recorder answer in common.

#include "firmware/http/response.h"
#include "firmware/portal/context.h"
#include "firmware/portal/recorder_link.h"

namespace shilu::portal {

bool is_away(const Error& error);  // the recorder does not answer
// The recorder's own refusal with its stable code; when it is away: `recorder-away`.
http::Response refusal(std::string_view operation, const Error& error);
// Somebody else's lesson is not to be stopped, marked or deleted from.
std::optional<http::Response> refuse_stranger(const Context& context, RecorderLink& link,
                                              const store::Teacher& teacher);

}  // namespace shilu::portal
