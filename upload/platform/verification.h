#pragma once
// Answers for packages that have arrived: a signed receipt and two assessors, or reasons. Thread-bound.

#include "upload/platform/context.h"

namespace shilu::platform {

// Every package that waits, also those of before a restart. An error: nothing was answered; try again later.
Status verify_packages(const Context& context);

}  // namespace shilu::platform
