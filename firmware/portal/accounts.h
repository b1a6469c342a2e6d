#pragma once
// Teachers from a file: {"teachers":[{"id","name","pin"}]}. New ones are made; a name that changed in the
// file follows. A PIN is only set for a new one: later it is the teacher's own.

#include <filesystem>

#include "firmware/store/device_store.h"

namespace shilu::portal {

Status import_teachers(store::DeviceStore& store, const std::filesystem::path& file);

}  // namespace shilu::portal
