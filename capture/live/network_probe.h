#pragma once
// Why a camera cannot be reached: GStreamer only says that it failed. Asked after a failure, never before.

#include <cstdint>
#include <string>

#include "firmware/base/clock.h"

namespace shilu::live {

enum class Reach { kAnswers, kRefused, kNoSuchName, kNoAnswer };

// Opens a TCP connection and closes it again. Blocks for up to `timeout` (and as long as the resolver takes).
Reach probe_tcp(const std::string& host, std::uint16_t port, Nanoseconds timeout);

}  // namespace shilu::live
