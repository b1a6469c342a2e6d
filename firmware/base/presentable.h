#pragma once
// Text that quotes what a stranger wrote, on its way to a terminal or a page. No state.

#include <cstddef>
#include <string>

namespace shilu {

// Control characters (C0, DEL, and C1 as UTF-8 writes them) become '?'; what is longer than `limit` bytes is
// cut between two characters, and " ..." stands for the rest. No newline survives.
std::string presentable(std::string text, std::size_t limit = 2000);

}  // namespace shilu
