#pragma once
// What another program says: expected values come from tools that are not ours.

#include <string>

#include "firmware/base/result.h"

namespace shilu::test {

// The standard output of a shell command that must succeed; a test's own fixed text only.
std::string output_of(const std::string& command);

// ffmpeg makes a file of `seconds` at 25 pictures a second. Each picture carries its number as 16 black and
// white blocks (see burned_numbers); a tone of 440 Hz goes with it. `codec`: ffmpeg's options for both.
void make_counted_movie(const std::string& file, int seconds, const std::string& codec);

}  // namespace shilu::test
