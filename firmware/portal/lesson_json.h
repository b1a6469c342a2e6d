#pragma once
// Lessons, marks, gaps, clips and documents as the API shows them.

#include "capture/journal/lesson_folder.h"
#include "firmware/base/json.h"
#include "firmware/store/device_store.h"

namespace shilu::portal {

Json lesson_json(const store::Lesson& lesson);
// Of a lesson that runs: a mark may reach into what is still to come.
inline constexpr Nanoseconds kOpenEnd = std::chrono::hours(24 * 365);
Json marks_json(const journal::LessonFolder& folder);
Json gaps_json(const journal::LessonFolder& folder);
Json tracks_json(const journal::LessonFolder& folder);
Json clip_json(const store::Clip& clip);
// {"room":[{"from_ms","to_ms"},...]} of those sources that are more than one film there, in ms from the range's
// beginning. A source without any picture or sound there is left out.
Json parts_json(const journal::LessonFolder& folder, const std::vector<std::string>& sources,
                std::optional<TimeRange> range);
Json document_json(const store::Document& document);

}  // namespace shilu::portal
