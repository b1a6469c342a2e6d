#pragma once
// The look before a lesson: five lamps and what stands behind each (device-api.md, "Pre-flight"). Answered at
// once from what the recorder told last; it tells every second.

#include "capture/recorder/recorder_status.h"
#include "firmware/portal/context.h"

namespace shilu::portal {

// nullopt: the recorder is away, and nothing is ready.
Json preflight_json(const Context& context, const std::optional<recorder::RecorderStatus>& status);

}  // namespace shilu::portal
