#pragma once
// GET /api/state and the event `state`: the recorder's word, put beside what only the portal knows.
// docs/ref/device-api.md.

#include "capture/recorder/recorder_status.h"
#include "firmware/portal/context.h"

namespace shilu::portal {

// `status` empty: the recorder does not answer.
Json state_json(const Context& context, const std::optional<recorder::RecorderStatus>& status);

}  // namespace shilu::portal
