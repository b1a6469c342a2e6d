#pragma once
// Completed uploads become packages: hashed, compared with what was announced, and put under their digest.
// Thread-bound.

#include "upload/platform/context.h"

namespace shilu::platform {

// Every completed upload. A crash at any point leaves the upload to be taken again, or the package under its
// digest.
Status take_in_uploads(const Context& context);

}  // namespace shilu::platform
