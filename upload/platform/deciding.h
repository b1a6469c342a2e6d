#pragma once
// From handed-in reviews to the verdict. Any thread; of two at once, one decides.

#include "upload/platform/context.h"

namespace shilu::platform {

// Looks at what was handed in for the package: waits, calls a third assessor, or signs the verdict.
Status decide(const Context& context, std::string_view package_sha256);

// Takes up what could not be done before: packages for which there were too few assessors, decisions that a
// crash prevented.
Status decide_all(const Context& context);

}  // namespace shilu::platform
