#pragma once
// Keeps the store's list of lessons in step with the folders, which are the truth.

#include "capture/recorder/recorder_status.h"
#include "firmware/portal/context.h"

namespace shilu::portal {

// At start: every folder gets its row, or its row its facts. Lessons that the database has lost come back,
// without their words, as those of the teacher whose sign-in their journal holds, else as a guest's.
Status rebuild_index(const Context& context);

// One lesson, after it ended or was found again.
Status refresh_index(const Context& context, const std::string& lesson_id);

// Whose lesson it is by its row or, where there is none (yet), by its journal; nullopt: a guest's.
Result<std::optional<std::string>> owner_of(const Context& context, const std::string& lesson_id);

}  // namespace shilu::portal
