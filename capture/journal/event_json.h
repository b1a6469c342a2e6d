#pragma once
// Events as the journal's JSON. Inside this module only.

#include "capture/journal/record.h"

namespace shilu::journal {

Json event_to_json(const EventRecord& event);
// kCorrupted: a member is missing, of the wrong type or out of its range.
Result<EventRecord> event_from_json(std::string_view text);

}  // namespace shilu::journal
