#pragma once
// recorder.sock: requests and answers as JSON, and back. docs/ref/processes.md, "Recorder control".

#include <string>
#include <string_view>

#include "capture/journal/record.h"
#include "capture/recorder/recorder_status.h"
#include "capture/recorder/requests.h"
#include "firmware/base/json.h"

namespace shilu::recorder {

std::filesystem::path control_socket(const std::filesystem::path& runtime_directory);  // recorder.sock in it

// The stable code of an error of an operation: "already-recording", "no-picture-source", "no-space",
// "not-recording", "private", "nothing-to-continue", "nothing-there"; else the kind's own name.
std::string_view control_code(std::string_view operation, ErrorKind kind);

Json error_answer(std::string_view operation, const Error& error);
// The answer if it says "ok"; its error otherwise.
Result<Json> accepted(const Json& answer);

Json to_json(const StartRequest& request);
Result<StartRequest> start_request_from(const Json& json);
Json to_json(const MarkRequest& request);
Result<MarkRequest> mark_request_from(const Json& json);

Json to_json(const RedactRequest& request);
Result<RedactRequest> redact_request_from(const Json& json);

Json to_json(const StartedLesson& lesson);  // an answer, "ok" included
Result<StartedLesson> started_lesson_from(const Json& json);
Json to_json(const StoppedLesson& lesson);
Result<StoppedLesson> stopped_lesson_from(const Json& json);

// A mark as pages show it.
struct MarkNotice {
  std::string id;
  std::optional<std::string> point;
  std::int64_t at_ms = 0;
  std::int64_t from_ms = 0;
  std::int64_t to_ms = 0;
  bool undone = false;
  bool is_new = false;
};
Json to_json(const MarkAnswer& answer);
Result<MarkNotice> mark_notice_from(const Json& json);

struct FragmentNotice {
  std::string lesson_id;
  std::string track;
  std::uint16_t epoch = 0;
  std::uint64_t offset = 0;
  std::uint32_t size = 0;
  std::uint32_t sequence = 0;
  bool key = false;
};
Json to_json(const FragmentNotice& notice);
Result<FragmentNotice> fragment_notice_from(const Json& json);

struct EpochNotice {
  std::string lesson_id;
  std::string track;
  std::uint16_t epoch = 0;
  std::string codec;  // RFC 6381
  std::uint32_t header_size = 0;
};
Json to_json(const EpochNotice& notice);
Result<EpochNotice> epoch_notice_from(const Json& json);

}  // namespace shilu::recorder
