#pragma once
// What assessors may see of a package, made once when it is verified: the platform knows then whom it must
// not name. {"fields","clips","documents","marks","proof"} as docs/ref/platform-api.md, "Review", has them.

#include "firmware/base/json.h"
#include "upload/evidence/evidence_json.h"
#include "upload/evidence/package_reader.h"
#include "upload/evidence/verify.h"
#include "upload/platform/blindfold.h"

namespace shilu::platform {

// Only of a package whose verification refuted nothing.
Result<Json> make_shown(const evidence::PackageReader& package, const evidence::Evidence& evidence,
                        const std::vector<evidence::Fact>& facts, const Blindfold& blindfold);

}  // namespace shilu::platform
