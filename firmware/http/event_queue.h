#pragma once
// Events on their way to one peer: what EventSink promises. Thread-safe; the connection's coroutine takes the
// text out.

#include <mutex>
#include <string>

#include "firmware/http/doorbell.h"
#include "firmware/http/response.h"

namespace shilu::http {

// The wire form (WHATWG HTML, "Server-sent events"): an "event", an "id" and one "data" line per line of
// data. Line ends in event and id are dropped: they would begin a field of the sender's own.
std::string format_event(std::string_view event, std::string_view data, std::string_view id);

class EventQueue final : public EventSink {
 public:
  static constexpr std::size_t kMaxBehind = 256 * 1024;

  // `cut` ends the connection; it runs on the loop when the peer is too far behind.
  EventQueue(std::shared_ptr<Doorbell> bell, std::function<void()> cut)
      : bell_(std::move(bell)), cut_(std::move(cut)) {}
  bool send(std::string_view event, std::string_view data, std::string_view id) override;
  void close() override;

  // All that waits; it counts as behind until sent() is told.
  std::string take();
  void sent();
  void add_comment();  // ":\n\n": shows proxies and the peer that the line lives
  bool closed() const override;
  void drop();  // the peer is gone

 private:
  mutable std::mutex mutex_;
  std::string waiting_;
  std::size_t in_flight_ = 0;
  bool closed_ = false;
  std::shared_ptr<Doorbell> bell_;
  std::function<void()> cut_;
};

}  // namespace shilu::http
