#pragma once
// What the demonstration cameras show. `studio` outlives the sources.

#include "tests/demo/live_feed.h"

namespace shilu::demo {

// --- The demonstration classroom.
// Pupils in a room, with the teacher's voice; the footage loops.
FeedSource room_source(const std::string& footage, const Studio& studio);
// The interactive board: slides that change, something that moves, a clock.
FeedSource board_source();

// --- For tests that need many cameras, or little work: small pictures, cheap to make and to encode.
// A test card with a beep every 2 s, and flashes if the studio makes them.
FeedSource card_source(const Studio& studio);
// The same at 15 pictures a second, without sound.
FeedSource desk_source();
// A microphone: the beeps alone.
FeedSource voice_source(const Studio& studio);

using Sound = std::function<void(std::int64_t first, std::size_t count, std::int16_t* into)>;
Sound beeps(const Studio& studio);

}  // namespace shilu::demo
