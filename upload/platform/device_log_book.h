#pragma once
// The platform's memory of its devices' logs: each head must go on from the last one. docs/ref/device-log.md.

#include "firmware/base/json.h"
#include "upload/evidence/verify.h"
#include "upload/platform/context.h"

namespace shilu::platform {

// Takes {"checkpoint","certificate","consistency":[hex]} of a device. The alarm that a head raises is stored,
// not an error. kInvalidArgument, kCorrupted: it is no signed head; kPermissionDenied: of another device, or
// by a key that does not count.
Result<Json> take_log_head(const Context& context, const Device& device,
                           const Json& body);  // -> {"verdict","detail"}
// The head that the next one must go on from: {"log_id","tree_size"}, or tree_size 0.
Result<Json> tell_log_head(const Context& context, const Device& device);

// The fact "device-log" of a package behind which these devices stand, at least one: rolled-back or forked
// (both refute) if the log of any is, else what is told of the first: consistent or absent.
Result<evidence::Fact> log_fact(const Context& context, const std::vector<std::string>& device_ids);

// {"state","detail","tree_size","seen_utc"} for the list of devices; null: it never showed a log.
Result<Json> log_json(const Context& context, std::string_view device_id);
// Whoever looks after the platform has looked: the refused head is the good one from now on.
Status accept_log(const Context& context, std::string_view device_id);

}  // namespace shilu::platform
