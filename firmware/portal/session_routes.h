#pragma once
// Sign-in, sign-out, the names on the sign-in grid. docs/ref/device-api.md, "Sign-in".

#include "firmware/http/server.h"
#include "firmware/portal/context.h"

namespace shilu::portal {

// Told of every try to sign in, right or wrong; on the handlers' threads.
using SignInListener = std::function<void(const std::string& teacher_id, store::SignIn::Outcome outcome)>;

void add_session_routes(http::Server& server, const Context& context, const SignInListener& on_sign_in);

}  // namespace shilu::portal
