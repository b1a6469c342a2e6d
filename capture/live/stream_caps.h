#pragma once
// From GStreamer's caps to the parameters of a track.

#include <gst/gst.h>

#include "capture/link/link.h"

namespace shilu::live {

// Of parsed H.264 ("avc"), H.265 ("hvc1") or raw AAC. `nominal_ticks` is set for sound only (a frame's
// samples); a picture's is observed. kInvalidArgument: caps of another kind, or without a configuration.
Result<link::TrackParameters> parameters_of(const GstCaps* caps);

}  // namespace shilu::live
