#pragma once
// The body of an upload, from the first byte to the sink's answer or its end.

#include <memory>

#include "firmware/http/head.h"
#include "firmware/http/server.h"
#include "firmware/http/wire.h"

namespace shilu::http {

struct UploadEnd {
  enum class How {
    kFinished,  // the whole body was taken; the connection can go on
    kRefused,   // answer, then close: the rest of the body was not read
    kGone,      // nobody is there to answer
  } how = How::kGone;
  Response response;
};

// Calls exactly one of the sink's finish() and aborted(), except after an error of its own, on the pool.
Awaitable<UploadEnd> receive_upload(Wire& wire, std::string& input, const Head& head,
                                    std::unique_ptr<BodySink> sink);

}  // namespace shilu::http
