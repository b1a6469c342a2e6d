#pragma once
// How an HTTP answer (or its absence) becomes a CallError: the one place that sorts failures.

#include "firmware/base/clock.h"
#include "firmware/base/json.h"
#include "upload/sender/platform_client.h"

namespace shilu::sender {

// Only an answer that the caller expects is let through; `expected` lists the good statuses.
CallResult<http::ClientResponse> perform(http::Client& client, const http::ClientRequest& request,
                                         std::initializer_list<int> expected);

CallError network_error(const Error& error, http::Cause cause);
// Did the platform, or a tus server, say this? Else something between us and it did: a captive portal, a
// proxy.
bool is_theirs(const http::ClientResponse& response);
CallError unexpected_answer(const http::ClientRequest& request, const http::ClientResponse& response);

// "Retry-After" in seconds or as an HTTP date (RFC 9110 10.2.3), against the answer's own Date header, so
// that a wrong local clock does no harm. At most one day.
std::optional<std::chrono::seconds> retry_after(const http::ClientResponse& response);

// The peer's clock, from the answer's Date; nullopt: it says none.
std::optional<HeardClock> clock_of(const http::ClientResponse& response, const Clock& ours);

// The answer's body as JSON; anything else is kPortal: a proxy or captive portal spoke instead of the
// platform.
CallResult<Json> json_body(const http::ClientRequest& request, const http::ClientResponse& response);

}  // namespace shilu::sender

// SHILU_CALL(auto x, f()): like SHILU_TRY, for CallResult.
#define SHILU_CALL(declaration, expression) SHILU_TRY_(SHILU_CONCAT(call_, __LINE__), declaration, expression)
