#pragma once
// One life of a source: a fresh pipeline from its start until something ends it. Rebuilding everything is
// simpler and safer than bringing a broken rtspsrc back.

#include <atomic>
#include <stop_token>

#include "capture/live/attempt_times.h"
#include "capture/live/backlog.h"
#include "capture/live/key_mender.h"
#include "capture/live/screen_consent.h"
#include "capture/live/sources.h"

namespace shilu::live {

struct AttemptEnd {
  link::StateChange why;     // kLost
  bool delivered = false;    // units arrived
  bool finished = false;     // a file came to its end: there is nothing to try again
  bool for_sound = false;    // the sound is what cannot be recorded; the picture can
  bool for_picture = false;  // no picture came that can be recorded; the sound did
};

struct AttemptPlan {
  Transport transport = Transport::kTcp;
  bool resumed = false;      // an attempt before this one delivered units
  bool sound = true;         // else it is left out, since it cannot be recorded
  bool sound_alone = false;  // connecting anew brings no picture: what sound there is goes on without
};

// What all attempts of a source share; outlives them.
struct AttemptSurroundings {
  const SourceSpec& spec;
  const AttemptTimes& times;
  Backlog& backlog;
  ScreenConsent& consent;  // what a shared screen is recorded with
  // Set by another thread: a key picture is wanted that does not come; the attempt ends for it, since a new
  // one begins with a key picture.
  std::atomic<bool>& key_needed;
  KeyMender& mender;
};

// Blocks until the source is lost or `stop`.
AttemptEnd run_attempt(const AttemptSurroundings& around, const AttemptPlan& plan, std::stop_token stop);

}  // namespace shilu::live
