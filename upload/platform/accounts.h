#pragma once
// The assessors of a file: {"assessors":[{"id","name","pin"}]}, brought into the store at every start. Who
// stands in it no more may not sign in any more.

#include "upload/platform/platform_store.h"

namespace shilu::platform {

Status import_assessors(PlatformStore& store, const std::filesystem::path& file);

}  // namespace shilu::platform
