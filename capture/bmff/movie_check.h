#pragma once
// What a verifier asks of movies, whose times and tables strangers chose: the functions of movie.h within
// bounds.

#include "capture/bmff/movie.h"

namespace shilu::bmff {

// As select_fragments, without copying: a part of `fragments`.
std::span<const MovieFragment> needed_fragments(std::span<const MovieFragment> fragments,
                                                const CodecParameters& parameters, TimeRange range);

// As build_movie; also kInvalidArgument: tables and silence of more than `max_table_bytes`. A stranger's
// times can ask for years of silence, and every sample can have another duration than the one before.
// build_movie itself allows 256 MiB.
Result<Movie> build_bounded_movie(std::span<const MovieTrack> tracks, TimeRange range,
                                  std::uint64_t max_table_bytes);

}  // namespace shilu::bmff
