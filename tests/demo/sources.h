#pragma once
// The two pictures of the demonstration classroom.

#include "tests/demo/live_feed.h"

namespace shilu::demo {

// Pupils in a room, with the teacher's voice; the footage loops.
FeedSource room_source(const std::string& footage, const Studio& studio);
// The interactive board: slides that change, something that moves, a clock.
FeedSource board_source();

}  // namespace shilu::demo
