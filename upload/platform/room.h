#pragma once
// What the platform's disk has room for, beside all that it has promised to hold.

#include <optional>

#include "firmware/http/response.h"
#include "upload/platform/context.h"

namespace shilu::platform {

// The answer to a device that wants to send so many bytes; nullopt: there is room. One upload a device may
// take all the room that there is; what it wants to send beside others of its own, only a share of it.
Result<std::optional<http::Response>> refuse_size(const Context& context, const Device& device,
                                                  std::int64_t size_bytes);

// Room for what was promised already and comes now, or is small. kStorageFull: none for the time being.
Status check_room(const Context& context, std::int64_t size_bytes);

}  // namespace shilu::platform
