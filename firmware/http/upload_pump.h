#pragma once
// Carries a streamed body from the socket to its sink: takes what the socket holds, in blocks of up to 256
// KiB, and never waits for the network. Runs on a pool thread, one call at a time.

#include <atomic>
#include <memory>
#include <string>

#include "firmware/http/body_decoder.h"
#include "firmware/http/server.h"

namespace shilu::http {

class UploadPump {
 public:
  // `input` holds bytes that came with the head; what follows the body is put back into it. Both outlive the
  // pump.
  UploadPump(const Head& head, std::string& input, std::unique_ptr<BodySink> sink);
  ~UploadPump();

  enum class State {
    kWhole,    // all is with the sink: finish()
    kWaiting,  // until the socket has more
    kYield,    // enough for one turn; call again
    kGone,     // the peer has ended the connection, or the server stops: abort()
    kBroken,   // the framing is malformed: abort(), 400
    kRefused,  // the sink gave an error: refuse()
  };
  State run(int socket, const std::atomic<bool>& stopping);

  Response finish();
  Response refuse();
  void abort();
  const Error& error() const { return error_; }

 private:
  State hand_over();
  State receive(int socket);
  std::size_t room() const;

  BodyDecoder decoder_;
  std::string& input_;
  std::unique_ptr<BodySink> sink_;
  std::unique_ptr<std::uint8_t[]> block_;
  std::size_t begin_ = 0;  // of what is received and not handed over, in block_
  std::size_t end_ = 0;
  Error error_;
};

}  // namespace shilu::http
