#pragma once
// One life of a source: a fresh pipeline from its start until something ends it. Rebuilding everything is
// simpler and safer than bringing a broken rtspsrc back.

#include <atomic>
#include <stop_token>

#include "capture/live/attempt_times.h"
#include "capture/live/backlog.h"
#include "capture/live/screen_consent.h"
#include "capture/live/sources.h"

namespace shilu::live {

struct AttemptEnd {
  link::StateChange why;   // kLost
  bool delivered = false;  // units arrived
  bool finished = false;   // a file came to its end: there is nothing to try again
};

// Blocks until the source is lost or `stop`. `key_needed`, set by another thread: a key picture is wanted
// that does not come; the attempt ends for it, since a new one begins with a key picture.
// `consent`: what a shared screen is recorded with.
AttemptEnd run_attempt(const SourceSpec& spec, Transport transport, bool resumed, const AttemptTimes& times,
                       ScreenConsent& consent, Backlog& backlog, std::atomic<bool>& key_needed,
                       std::stop_token stop);

}  // namespace shilu::live
