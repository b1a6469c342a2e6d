#include "firmware/portal/thumbnail_routes.h"

#include "capture/media/thumbnail.h"
#include "firmware/base/file_system.h"
#include "firmware/portal/answers.h"
#include "firmware/portal/gate.h"
#include "firmware/portal/owned.h"

namespace shilu::portal {
namespace {

constexpr int kWidth = 320;

// Where the bytes of the picture shown at a time stand: the epoch's header and the key fragment at or before
// it.
struct KeyFragment {
  std::filesystem::path file;
  std::uint32_t header_size = 0;
  journal::FragmentRecord record;
};

bool is_wanted_track(const journal::TrackView& track, std::string_view source) {
  const auto name = parse_track_name(track.name);
  return name && name->kind == MediaKind::kVideo && (source.empty() || name->source == source);
}

// The last key fragment that begins at or before `at`, else the first one.
std::optional<KeyFragment> find_key(const journal::LessonFolder& folder, const journal::TrackView& track,
                                    LessonTime at) {
  std::optional<KeyFragment> found;
  for (const journal::TrackEpoch& epoch : track.epochs) {
    for (const std::uint64_t position : epoch.fragments) {
      const auto& fragment = std::get<journal::FragmentRecord>(folder.records()[position].record);
      const bool late = ns_from_ticks(fragment.start_ticks, epoch.event.timescale) > at.ns;
      if (found && late) return found;
      if ((fragment.flags & journal::kKey) != 0 && !folder.redacted(track.name, fragment.sequence))
        found = KeyFragment{epoch.file, epoch.event.header_size, fragment};
    }
  }
  return found;
}

Result<KeyFragment> locate(const journal::LessonFolder& folder, std::string_view source, LessonTime at) {
  for (const journal::TrackView& track : folder.tracks()) {
    if (!is_wanted_track(track, source)) continue;
    if (const auto found = find_key(folder, track, at)) return *found;
  }
  return fail(ErrorKind::kNotFound, "There is no picture of that.");
}

Result<Bytes> read_movie(const KeyFragment& key) {
  SHILU_TRY(const auto file, posix_file_system().open(key.file, OpenMode::kRead));
  SHILU_TRY(Bytes movie, file->read_at(0, key.header_size));
  SHILU_TRY(const Bytes fragment, file->read_at(key.record.offset, key.record.size));
  put_bytes(movie, fragment);
  return movie;
}

Result<http::Response> show(const Context& context, const http::Request& request,
                            const store::Teacher& teacher) {
  SHILU_TRY(const store::Lesson lesson, own_lesson(context.store, teacher, request));
  SHILU_TRY(const auto at_ms, query_number(request, "at_ms"));
  const LessonTime at = LessonTime::from_ms(at_ms.value_or(lesson.duration_ms / 3));
  const std::string source(request.query_or("source", ""));
  SHILU_TRY(const KeyFragment key,
            context.lessons.with<KeyFragment>(
                lesson.id, [&](journal::LessonFolder& folder) { return locate(folder, source, at); }));
  SHILU_TRY(const Bytes movie, read_movie(key));
  SHILU_TRY(const Bytes jpeg, media::thumbnail(movie, kWidth));
  http::Response response;
  response.content_type = "image/jpeg";
  response.body = std::string(as_text(jpeg));
  return response;  // no browser keeps it: its part may be deleted the next minute
}

}  // namespace

void add_thumbnail_route(http::Server& server, const Context& context) {
  server.route(
      "GET", "/api/lessons/{lesson}/thumbnail.jpg",
      for_teacher(context.store, [context](const http::Request& request, const store::Teacher& teacher) {
        return show(context, request, teacher);
      }));
}

}  // namespace shilu::portal
