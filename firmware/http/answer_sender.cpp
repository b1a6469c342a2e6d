#include "firmware/http/answer_sender.h"

#include <sys/socket.h>
#include <sys/uio.h>

#include <cerrno>

#include "firmware/http/piece_cursor.h"
#include "firmware/http/pool_task.h"

namespace shilu::http {
namespace {

enum class More { kNo, kYes };

ssize_t send_two(int fd, std::string_view first, std::string_view second, More more) {
  iovec parts[2] = {{const_cast<char*>(first.data()), first.size()},
                    {const_cast<char*>(second.data()), second.size()}};
  msghdr message{};
  message.msg_iov = parts;
  message.msg_iovlen = 2;
  return ::sendmsg(fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL | (more == More::kYes ? MSG_MORE : 0));
}

Awaitable<Sent> send_both(Wire& wire, std::string_view first, std::string_view second, More more) {
  const int limit_s = wire.context().options.body_timeout_s;
  while (!first.empty() || !second.empty()) {
    ssize_t count = send_two(wire.fd(), first, second, more);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno != EAGAIN && errno != EWOULDBLOCK) co_return Sent::kFailed;
    if (count < 0) {
      if (co_await wire.writable(seconds_from_now(limit_s)) != Woken::kReady) co_return Sent::kFailed;
      continue;
    }
    auto sent = static_cast<std::size_t>(count);
    auto of_first = std::min(sent, first.size());
    first.remove_prefix(of_first);
    second.remove_prefix(sent - of_first);
  }
  co_return Sent::kAll;
}

Awaitable<Sent> send_pieces(Wire& wire, const std::vector<BodyPiece>& pieces) {
  const int limit_s = wire.context().options.body_timeout_s;
  PieceCursor cursor(pieces);
  while (!wire.stopped()) {
    auto push = [&cursor, fd = wire.fd()] { return cursor.push(fd); };
    auto state = co_await on_pool(wire.context(), push);
    if (state == PieceCursor::State::kDone) co_return Sent::kAll;
    if (state == PieceCursor::State::kFailed) break;
    if (state == PieceCursor::State::kYield) continue;
    if (co_await wire.writable(seconds_from_now(limit_s)) != Woken::kReady) break;
  }
  co_return Sent::kFailed;
}

}  // namespace

Awaitable<Sent> send_text(Wire& wire, std::string_view first, std::string_view second) {
  auto sent = co_await send_both(wire, first, second, More::kNo);
  if (sent != Sent::kAll) wire.close_hard();
  co_return sent;
}

Awaitable<Sent> send_answer(Wire& wire, const Answer& answer) {
  auto more = answer.pieces.empty() ? More::kNo : More::kYes;
  auto sent = co_await send_both(wire, answer.head, answer.text, more);
  if (sent == Sent::kAll && !answer.pieces.empty()) sent = co_await send_pieces(wire, answer.pieces);
  if (sent != Sent::kAll) wire.close_hard();
  co_return sent;
}

}  // namespace shilu::http
