#pragma once
// Films made by ffmpeg.

#include <string>

#include "tests/base/tool_output.h"

namespace shilu::test {

// ffmpeg makes a file of `seconds` at 25 pictures a second. Each picture carries its number as 16 black and
// white blocks (see burned_numbers); a tone of 440 Hz goes with it. `codec`: ffmpeg's options for both.
void make_counted_movie(const std::string& file, int seconds, const std::string& codec);

}  // namespace shilu::test
