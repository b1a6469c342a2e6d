#pragma once
// Virtual progressive MP4s as HTTP bodies: a header in memory in front of extents of the untouched track
// files. A browser asks for many ranges of the same movie, so the last ones are kept. Thread-safe.

#include <list>
#include <mutex>
#include <optional>
#include <string>

#include "firmware/http/response.h"
#include "firmware/portal/lesson_library.h"

namespace shilu::portal {

class MovieCache {
 public:
  explicit MovieCache(LessonLibrary& lessons) : lessons_(lessons) {}

  // The whole lesson, or a range of it; of its parts (LessonFolder::parts) the one of this number, from 1. The
  // ETag names lesson, source, range, part and tree size: while a lesson is still being recorded each new
  // fragment makes another movie. kNotFound: so many parts there are not.
  Result<http::ComposedBody> movie(const std::string& lesson_id, const std::string& source,
                                   std::optional<TimeRange> range, std::size_t part);

 private:
  struct Kept {
    std::string etag;
    http::ComposedBody body;
  };
  std::optional<http::ComposedBody> find(const std::string& etag);
  void keep(const http::ComposedBody& body);

  LessonLibrary& lessons_;
  std::mutex mutex_;  // guards kept_
  std::list<Kept> kept_;
};

}  // namespace shilu::portal
