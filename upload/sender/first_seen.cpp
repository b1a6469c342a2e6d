#include "upload/sender/first_seen.h"

#include <algorithm>

#include "firmware/base/file_system.h"
#include "firmware/base/json_io.h"

namespace shilu::sender {

FirstSeen load_first_seen(const std::filesystem::path& file) {
  FirstSeen seen;
  const auto text = read_text_file(file);
  const auto json = text ? parse_json(*text) : Result<Json>(Json::object());
  if (!json || !json->is_object()) return seen;
  for (const auto& [lesson, time] : json->items()) {
    if (time.is_number_integer()) seen[lesson] = time.get<std::int64_t>();
  }
  return seen;
}

Status note_first_seen(const std::filesystem::path& file, const std::vector<store::Lesson>& lessons,
                       WallTime now) {
  const FirstSeen before = load_first_seen(file);
  const std::int64_t now_ms = now.ns / 1'000'000;
  FirstSeen seen;
  for (const store::Lesson& lesson : lessons) {
    const auto known = before.find(lesson.id);
    seen[lesson.id] = known == before.end() ? now_ms : std::min(known->second, now_ms);
  }
  if (seen == before) return {};
  return write_file_atomic(file, as_bytes(canonical_json(Json(seen))));
}

}  // namespace shilu::sender
