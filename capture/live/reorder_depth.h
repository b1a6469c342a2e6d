#pragma once
// How many pictures of a stream may stand before another one in decode order and after it on the screen: what
// the parameter sets promise (0 without B-pictures). The bytes come from the network. No state.

#include <optional>
#include <vector>

#include "firmware/lesson/track.h"

namespace shilu::live {

inline constexpr unsigned kMaxReorderDepth = 16;  // of both standards

// From the SPS (H.264, E.2.1 max_num_reorder_frames and what excludes reordering) or the VPS
// (H.265, 7.3.2.1). nullopt: they do not tell, as with many cameras.
std::optional<unsigned> reorder_depth(Codec codec, const std::vector<Bytes>& parameter_sets);

}  // namespace shilu::live
