#pragma once
// Removes what nobody waits for: uploads whose time is over, files that no row of the store speaks of. Bound
// to the thread that takes uploads in, so that it never sees one half moved.

#include "upload/platform/context.h"

namespace shilu::platform {

void sweep(const Context& context);

}  // namespace shilu::platform
