#pragma once
// Who is asking: a device by its token, an assessor by a session.

#include <functional>

#include "firmware/http/server.h"
#include "upload/platform/platform_store.h"

namespace shilu::platform {

using DeviceHandler = std::function<Result<http::Response>(const http::Request&, const Device&)>;
using AssessorHandler = std::function<Result<http::Response>(const http::Request&, const Assessor&)>;

std::variant<Device, http::Response> admit_device(PlatformStore& store, const http::Request& request);
http::Handler for_device(PlatformStore& store, DeviceHandler handler);
http::Handler for_assessor(PlatformStore& store, AssessorHandler handler);

http::Response answer(Result<http::Response> result);
http::Response not_stored(http::Response response);  // unless it says itself how it may be cached
std::string token_of(const http::Request& request);  // bearer or cookie; "" if neither

}  // namespace shilu::platform
