#pragma once
// Sign-in, sign-out, the names on the sign-in grid. docs/ref/device-api.md, "Sign-in".

#include "firmware/http/server.h"
#include "firmware/portal/context.h"

namespace shilu::portal {

// Called on the handlers' threads.
struct SessionHooks {
  std::function<void(const std::string& teacher_id, const store::SignIn&)> on_sign_in;  // each try
  std::function<void()> on_sign_out;  // after a session ended
};

void add_session_routes(http::Server& server, const Context& context, const SessionHooks& hooks);

}  // namespace shilu::portal
