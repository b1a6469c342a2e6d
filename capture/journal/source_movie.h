#pragma once
// Puts the movie of a source together from a lesson's folder. Inside this module only.

#include "capture/journal/lesson_folder.h"

namespace shilu::journal {

Result<LessonFolder::SourceMovie> make_source_movie(const std::vector<StoredRecord>& records,
                                                    const std::vector<TrackView>& tracks,
                                                    std::string_view source, TimeRange range);

}  // namespace shilu::journal
