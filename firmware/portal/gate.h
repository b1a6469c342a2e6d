#pragma once
// Who is asking. A session is a cookie or a bearer token; a cookie alone may not change anything
// (docs/ref/device-api.md).

#include <functional>

#include "firmware/http/server.h"
#include "firmware/store/device_store.h"

namespace shilu::portal {

// "" if the request has none. It may have ended.
std::string token_of(const http::Request& request);
// nullopt: nobody is signed in.
Result<std::optional<store::Teacher>> signed_in(store::DeviceStore& store, const http::Request& request);

// A handler that needs a teacher: 401 `sign-in-needed` and 403 `cross-site` are answered here.
using TeacherHandler = std::function<Result<http::Response>(const http::Request&, const store::Teacher&)>;
http::Handler for_teacher(store::DeviceStore& store, TeacherHandler handler);

// The same for what is not an ordinary handler (uploads): a teacher, or the answer that refuses.
std::variant<store::Teacher, http::Response> admit_teacher(store::DeviceStore& store,
                                                           const http::Request& request);

}  // namespace shilu::portal
