#include "firmware/http/piece_cursor.h"

#include <sys/sendfile.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "firmware/base/log.h"
#include "firmware/http/no_pipe_signal.h"

namespace shilu::http {
namespace {

constexpr std::uint64_t kTurn = 8u << 20;  // bytes after which a connection lets others have the thread

}  // namespace

std::int64_t PieceCursor::push_some(int socket, const BodyPiece& piece, std::uint64_t most) {
  auto count = static_cast<std::size_t>(std::min(piece.size - within_, most));
  if (piece.file) {
    auto offset = static_cast<off_t>(piece.offset + within_);
    return ::sendfile(socket, piece.file->get(), &offset, count);
  }
  if (!piece.memory || piece.offset + piece.size > piece.memory->size()) return 0;
  int more = index_ + 1 < pieces_.size() ? MSG_MORE : 0;
  return ::send(socket, piece.memory->data() + piece.offset + within_, count,
                MSG_DONTWAIT | MSG_NOSIGNAL | more);
}

PieceCursor::State PieceCursor::push(int socket) {
  NoPipeSignal guard;  // sendfile has no MSG_NOSIGNAL
  std::uint64_t pushed = 0;
  while (index_ < pieces_.size()) {
    const auto& piece = pieces_[index_];
    if (within_ == piece.size) {
      ++index_;
      within_ = 0;
      continue;
    }
    if (pushed >= kTurn) return State::kYield;
    auto count = push_some(socket, piece, kTurn - pushed);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return State::kBlocked;
    if (count == 0)
      log_error("http: a piece of an answer is shorter than was said, the connection is closed");
    if (count <= 0) return State::kFailed;
    within_ += static_cast<std::uint64_t>(count);
    pushed += static_cast<std::uint64_t>(count);
  }
  return State::kDone;
}

}  // namespace shilu::http
