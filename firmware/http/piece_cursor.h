#pragma once
// Walks over the pieces of a body and pushes them into a socket as far as it takes them. Blocks on disk only.
// Thread-bound; may move from thread to thread between calls.

#include <cstdint>
#include <vector>

#include "firmware/http/response.h"

namespace shilu::http {

class PieceCursor {
 public:
  explicit PieceCursor(const std::vector<BodyPiece>& pieces) : pieces_(pieces) {}

  enum class State {
    kDone,
    kBlocked,  // wait until the socket takes more
    kYield,    // enough for one turn; call again
    kFailed,
  };
  State push(int socket);

 private:
  // Bytes sent, or -1 with errno; 0: the file has ended before its time.
  std::int64_t push_some(int socket, const BodyPiece& piece, std::uint64_t most);

  const std::vector<BodyPiece>& pieces_;
  std::size_t index_ = 0;
  std::uint64_t within_ = 0;  // bytes of the current piece that are sent
};

}  // namespace shilu::http
