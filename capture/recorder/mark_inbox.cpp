#include "capture/recorder/mark_inbox.h"

#include <fmt/format.h>

#include "capture/recorder/control_protocol.h"
#include "firmware/base/ids.h"
#include "firmware/base/json_io.h"
#include "firmware/base/log.h"

namespace shilu::recorder {
namespace {

using std::filesystem::path;

constexpr const char* kInbox = "inbox";
constexpr std::size_t kMostBytes = 4096;

Result<InboxMark> read_one(FileSystem& files, const path& where, const Clock& clock) {
  SHILU_TRY(const auto file, files.open(where, OpenMode::kRead));
  SHILU_TRY(const auto bytes, file->read_at(0, kMostBytes));
  SHILU_TRY(const auto json, parse_json(as_text(bytes)));
  InboxMark mark{where, {}};
  SHILU_TRY(mark.request, mark_request_from(json));
  SHILU_TRY(const auto boot, json_string(json, "boot_id"));
  if (boot == boot_id()) return mark;
  SHILU_TRY(const auto utc, json_string(json, "pressed_utc"));
  SHILU_TRY(const auto wall, wall_from_rfc3339(utc));
  mark.request.pressed = {clock.monotonic().ns - (clock.wall().ns - wall.ns)};
  return mark;
}

}  // namespace

Status put_into_inbox(const path& lesson, const MarkRequest& request, const Clock& clock) {
  if (!is_uuid(request.id)) return fail(ErrorKind::kInvalidArgument, "a mark's id is a UUID in lower case");
  auto json = to_json(request);
  json["boot_id"] = boot_id();
  json["pressed_utc"] = to_rfc3339({clock.wall().ns - (clock.monotonic() - request.pressed).count()});
  SHILU_CHECK(posix_file_system().create_directories(lesson / kInbox));
  return write_file_atomic(lesson / kInbox / (request.id + ".json"), to_bytes(canonical_json(json)));
}

std::vector<InboxMark> read_mark_inbox(FileSystem& files, const path& lesson, const Clock& clock) {
  std::vector<InboxMark> marks;
  if (!files.exists(lesson / kInbox)) return marks;
  for (const auto& name : files.list(lesson / kInbox).value_or(std::vector<std::string>())) {
    if (!name.ends_with(".json") || name.starts_with(".")) continue;
    auto mark = read_one(files, lesson / kInbox / name, clock);
    if (mark) {
      marks.push_back(std::move(*mark));
    } else {
      log_warning("inbox/{}: {}", name, mark.error().message);
    }
  }
  return marks;
}

}  // namespace shilu::recorder
