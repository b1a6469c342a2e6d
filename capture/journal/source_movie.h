#pragma once
// Puts the movie of a source together from a lesson's folder. What was redacted is a hole. Inside this module
// only.

#include "capture/journal/record_index.h"

namespace shilu::journal {

Result<LessonFolder::SourceMovie> make_source_movie(const std::vector<StoredRecord>& records,
                                                    const RecordIndex& index, std::string_view source,
                                                    TimeRange range);

// The same in ordered parts, cut where the codec parameters of a track change.
Result<std::vector<LessonFolder::SourceMovie>> make_source_movies(const std::vector<StoredRecord>& records,
                                                                  const RecordIndex& index,
                                                                  std::string_view source, TimeRange range);

// The ranges of these parts.
Result<std::vector<TimeRange>> source_parts(const std::vector<StoredRecord>& records,
                                            const RecordIndex& index, std::string_view source,
                                            TimeRange range);

}  // namespace shilu::journal
