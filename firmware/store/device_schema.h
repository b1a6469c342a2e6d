#pragma once
// The versions of the appliance's database.

#include "firmware/store/migration.h"

namespace shilu::store {

const Schema& device_schema();

}  // namespace shilu::store
