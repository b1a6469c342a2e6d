#pragma once
// Takes the framing off a request body (RFC 9112 sections 6 and 7.1) without copying: it says which part of
// the bytes at hand is payload. Thread-bound.

#include <cstdint>

#include "firmware/base/bytes.h"
#include "firmware/http/head.h"

namespace shilu::http {

class BodyDecoder {
 public:
  explicit BodyDecoder(const Head& head);

  struct Step {
    std::size_t consumed =
        0;             // bytes of the input that are dealt with, payload included; 0: more input is needed
    ByteView payload;  // the last bytes of what was consumed; may be empty
  };
  // kInvalidArgument: the framing is broken and the connection cannot be used further.
  Result<Step> step(ByteView input);

  bool done() const { return state_ == State::kDone; }
  // How many bytes may be read from the socket without touching the next request; chunked: no bound known.
  std::uint64_t may_read() const;

 private:
  enum class State { kPayload, kSizeLine, kChunkEnd, kTrailer, kDone };
  Result<Step> take_payload(ByteView input);
  Result<Step> take_line(ByteView input);
  Status take_size(std::string_view line);
  Status on_line(std::string_view line);

  Framing framing_;
  State state_;
  std::uint64_t left_ = 0;  // of the body or of this chunk
  std::size_t trailer_bytes_ = 0;
};

}  // namespace shilu::http
