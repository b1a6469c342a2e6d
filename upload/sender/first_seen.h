#pragma once
// Since when this appliance has each lesson, by a clock that can be trusted: a lesson's own start is as right
// as the recorder's clock was, which may have had no battery. A small JSON file; one that is lost begins
// anew. One writer.

#include <filesystem>
#include <map>
#include <string>

#include "firmware/store/device_store.h"

namespace shilu::sender {

using FirstSeen = std::map<std::string, std::int64_t>;  // lesson -> UTC ms

FirstSeen load_first_seen(const std::filesystem::path& file);
// Notes those that are new, and forgets those that are gone. A time that is still to come was noted by a
// wrong clock, and is noted anew.
Status note_first_seen(const std::filesystem::path& file, const std::vector<store::Lesson>& lessons,
                       WallTime now);

}  // namespace shilu::sender
