#pragma once
// Messages on their way to one WebSocket peer: what WebSocket promises. Thread-safe; the session takes them
// out.

#include <deque>
#include <mutex>
#include <optional>

#include "firmware/http/doorbell.h"
#include "firmware/http/server.h"

namespace shilu::http {

struct OutMessage {
  std::shared_ptr<const Bytes> binary;  // set, or `text` is meant
  std::string text;
  std::size_t size() const { return binary ? binary->size() : text.size(); }
};

class SocketQueue final : public WebSocket {
 public:
  static constexpr std::size_t kMaxQueued = 8u << 20;

  // `cut` ends the connection; it runs on the loop when the peer is too far behind.
  SocketQueue(std::shared_ptr<Doorbell> bell, std::function<void()> cut)
      : bell_(std::move(bell)), cut_(std::move(cut)) {}
  bool send_binary(std::shared_ptr<const Bytes> message) override;
  bool send_text(std::string message) override;
  std::size_t queued_bytes() const override;
  void close() override;

  enum class State { kOpen, kClosing /* send what waits, then close */, kDropped };
  State state() const;
  std::optional<OutMessage> take();  // counts as queued until sent() is told
  void sent(std::size_t size);
  void drop();

 private:
  bool add(OutMessage message);

  mutable std::mutex mutex_;
  std::deque<OutMessage> waiting_;
  std::size_t queued_bytes_ = 0;
  State state_ = State::kOpen;
  std::shared_ptr<Doorbell> bell_;
  std::function<void()> cut_;
};

}  // namespace shilu::http
