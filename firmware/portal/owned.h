#pragma once
// Lessons, clips and documents as their own teacher may see them: for anybody else they do not exist.

#include "firmware/http/request.h"
#include "firmware/portal/context.h"

namespace shilu::portal {

Result<store::Lesson> own_lesson(store::DeviceStore& store, const store::Teacher& teacher,
                                 std::string_view lesson_id);

// Of the request's {lesson} and {clip} or {document}.
Result<store::Lesson> own_lesson(store::DeviceStore& store, const store::Teacher& teacher,
                                 const http::Request& request);
Result<store::Clip> own_clip(store::DeviceStore& store, const store::Teacher& teacher,
                             const http::Request& request);
Result<store::Document> own_document(store::DeviceStore& store, const store::Teacher& teacher,
                                     const http::Request& request);

// "room" of the request's {file} "room.mp4"; kNotFound for anything else.
Result<std::string> source_of_file(const http::Request& request);
// `?part=2` of a source whose format changed; 1 without it.
Result<std::size_t> part_of_query(const http::Request& request);

}  // namespace shilu::portal
