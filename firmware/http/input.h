#pragma once
// Bytes of one connection that have been received and not yet used: the rest of a read may belong to the body
// or to the next request. Thread-bound to the loop.

#include <string>
#include <variant>

#include "firmware/http/head.h"
#include "firmware/http/request.h"
#include "firmware/http/wire.h"

namespace shilu::http {

struct Gone {};  // the peer or the server has ended the connection; nothing can be answered

// The next head; its bytes are taken out of `input`. Waits for the first byte until `idle_until` (then Gone),
// from there on for the head timeout (then 408).
Awaitable<std::variant<Head, HeadError, Gone>> read_head(Wire& wire, std::string& input,
                                                         SteadyTime idle_until);

// The whole body, if it has at most `limit` bytes (else 413).
Awaitable<std::variant<std::string, HeadError, Gone>> read_body(Wire& wire, std::string& input,
                                                                const Head& head, std::uint64_t limit);

}  // namespace shilu::http
