#pragma once
// Start, stop, marks, the live picture and live events. docs/ref/device-api.md, "State" and "Recording".

#include "firmware/http/server.h"
#include "firmware/portal/context.h"
#include "firmware/portal/preview.h"
#include "firmware/portal/recorder_link.h"

namespace shilu::portal {

// The platform's newest nonce (DSSE envelope, JSON), or "": it never waits.
using NonceSource = std::function<std::string()>;

void add_recording_routes(http::Server& server, const Context& context, RecorderLink& link,
                          const Bytes& subject_salt, NonceSource nonce);
void add_live_routes(http::Server& server, const Context& context, RecorderLink& link, Preview& preview);

}  // namespace shilu::portal
