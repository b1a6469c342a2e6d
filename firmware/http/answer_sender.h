#pragma once
// Sends an answer's head, text and pieces. Files go from the page cache to the socket by sendfile on a pool
// thread, where a slow disk holds up nobody else.

#include "firmware/http/answer.h"
#include "firmware/http/wire.h"

namespace shilu::http {

enum class Sent { kAll, kFailed };

// kFailed: the peer is gone or did not read for the body timeout, or a file is shorter than was said; the
// connection must be closed.
Awaitable<Sent> send_text(Wire& wire, std::string_view first, std::string_view second = {});
Awaitable<Sent> send_answer(Wire& wire, const Answer& answer);

}  // namespace shilu::http
