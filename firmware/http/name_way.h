#pragma once
// How the address of a peer's name is asked for, one way after the other. A name server (or a box before it)
// that never answers questions for IPv6 addresses makes the C library wait for both until it gives up, longer
// than we do; asked for IPv4 alone it answers at once. The idea is that of RFC 8305 section 3: the answer
// that is late does not hold up the one that is there. Pure.

#include <chrono>
#include <optional>

namespace shilu::http {

enum class NameWay {
  kBoth,     // IPv4 and IPv6, for a second
  kIpv4,     // IPv4 alone, for the rest of the time
  kPatient,  // both, for the whole time: there is no IPv4 address
  kKnown,    // the address that answered last
};

// What comes after `way`; nullopt: nothing. `late`: no answer came in its time; else the answer was that
// there is none. `is_known`: there is an address that answered once.
std::optional<NameWay> way_after(NameWay way, bool late, bool is_known);
std::chrono::milliseconds time_for(NameWay way, std::chrono::milliseconds whole);

}  // namespace shilu::http
