#pragma once
// Unix stream sockets with length-prefixed messages: u32 big-endian length, then that many bytes. Used
// between our own processes (capture and recorder, shilud and recorder). docs/ref/processes.md.

#include <filesystem>
#include <optional>
#include <span>

#include "firmware/base/bytes.h"
#include "firmware/base/clock.h"
#include "firmware/base/unique_fd.h"

namespace shilu {

inline constexpr std::size_t kMaxMessage = 32u << 20;

// Binds and listens; a stale socket file of a dead process is replaced, a live one is kAlreadyExists. Mode
// 0600.
Result<UniqueFd> listen_unix(const std::filesystem::path& path);
Result<UniqueFd> connect_unix(const std::filesystem::path& path);
Result<UniqueFd> accept_unix(int listener);

// One connected peer. Blocking; one thread may send while another receives.
class MessageChannel {
 public:
  explicit MessageChannel(UniqueFd fd) : fd_(std::move(fd)) {}
  int fd() const { return fd_.get(); }
  Status send(ByteView message);
  Status send(std::string_view message);
  // Several messages in as few writes as the kernel allows: the peer wakes up once.
  Status send_all(std::span<const Bytes> messages);
  // nullopt: the peer closed in good order; in mid-message that is kUnavailable. kTimedOut after `timeout`
  // without a whole message (a message begun is kept for the next call); no timeout: waits for ever.
  // shutdown() from another thread ends a waiting receive.
  Result<std::optional<Bytes>> receive(std::optional<Nanoseconds> timeout = std::nullopt);
  void shutdown();

 private:
  UniqueFd fd_;
  Bytes header_;  // of the message that is arriving; up to 4 bytes
  Bytes body_;
};

}  // namespace shilu
