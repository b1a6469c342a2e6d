#pragma once
// The look before a lesson: five lamps and what stands behind each (device-api.md, "Pre-flight"). Answered at
// once from what the recorder told last; it tells every second.

#include "capture/recorder/recorder_status.h"
#include "upload/sender/outbox.h"

namespace shilu::portal {

// `outbox`: null where no platform is set. `status`: nullopt when the recorder is away; then nothing is
// ready.
Json preflight_json(const sender::Outbox* outbox, const std::optional<recorder::RecorderStatus>& status);

}  // namespace shilu::portal
