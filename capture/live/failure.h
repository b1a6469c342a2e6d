#pragma once
// What went wrong with a source, as a code and a sentence for people. No sentence holds a URL's user or
// password.

#include <gst/gst.h>

#include "capture/link/link.h"
#include "capture/live/source_spec.h"

namespace shilu::live {

std::string capital(std::string text);  // the first letter

link::StateChange lost(std::string code, std::string sentence);

// Of an error message on the pipeline's bus. May ask the network why (up to 2 s).
link::StateChange explain(const SourceSpec& spec, GstMessage* message);
// Of a failure of ours to build or to use what the source gives.
link::StateChange explain(const SourceSpec& spec, const Error& error);
link::StateChange explain_silence(const SourceSpec& spec, bool had_data, bool had_streams);
// Somebody has to allow it, and may take long.
link::StateChange explain_asking(const SourceSpec& spec);
// It is allowed, but no picture has come because nothing has changed.
link::StateChange explain_standstill(const SourceSpec& spec);
// Pictures come, but none to begin with.
link::StateChange explain_keyless(const SourceSpec& spec);
// Live nevertheless: its sound is recorded.
link::StateChange without_picture(const SourceSpec& spec, bool keyless);
// It is left in order to begin anew, with a key picture.
link::StateChange explain_renewal(const SourceSpec& spec);
link::StateChange explain_end(const SourceSpec& spec);

}  // namespace shilu::live
