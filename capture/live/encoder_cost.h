#pragma once
// What encoding costs on this machine, measured once on a short made-up film: no table knows the next
// processor.

#include <string>

namespace shilu::live {

// Cores that x264 needs for so many pixels a second with this speed preset; 0: it cannot be measured.
double encoder_cores(const std::string& preset, double pixels_per_second);

// The best preset that leaves half a core for everything else; the cheapest one where none does.
std::string preset_for(double pixels_per_second);

}  // namespace shilu::live
