#pragma once
// JSON for headers: only forward declarations. In a .cpp that builds or reads JSON include
// <nlohmann/json.hpp> through firmware/base/json_io.h.

#include <nlohmann/json_fwd.hpp>

namespace shilu {
using Json = nlohmann::json;  // object keys sorted: dump() is deterministic
}
