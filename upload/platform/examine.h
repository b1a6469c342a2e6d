#pragma once
// Everything that the platform wants to know of a package before it answers for it.

#include <optional>

#include "upload/evidence/verify.h"
#include "upload/platform/context.h"
#include "upload/platform/rejection.h"

namespace shilu::platform {

struct Examination {
  std::vector<Reason> reasons;  // empty: the package is taken, and the rest is filled in
  std::vector<evidence::Fact> facts;
  Accepted accepted;
  Identity identity;
};

// An error only where the file cannot be read: nothing is known about the package then.
Result<Examination> examine(const Context& context, const Package& package);

}  // namespace shilu::platform
