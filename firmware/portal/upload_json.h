#pragma once
// The outbox as a whole, as the API shows it (docs/ref/device-api.md, "Submissions"): the line, the limit,
// how many wait.

#include "firmware/base/json.h"
#include "firmware/portal/context.h"

namespace shilu::portal {

Json upload_json(const Context& context);

// "512k", "off", or "timetable" (what the settings say) from now on. kInvalidArgument: none of them;
// kFailedPrecondition: no platform is set.
Status set_limit(const Context& context, std::string_view text);

// "pause", "resume", "send-now", "withdraw"; kNotFound: no such submission or action.
Status steer_submission(const Context& context, const std::string& id, std::string_view action);

}  // namespace shilu::portal
