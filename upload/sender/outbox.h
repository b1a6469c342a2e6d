#pragma once
// Delivers what the store's submissions say, one after the other, for ever: offer -> create or resume ->
// append -> verifying -> receipt -> verdict. Survives restarts: everything it knows stands in the store
// before the network sees it.

#include <functional>
#include <memory>
#include <string>

#include "firmware/base/clock.h"
#include "firmware/base/keys.h"
#include "firmware/store/device_store.h"

namespace shilu::sender {

struct OutboxOptions {
  std::string platform_url;
  std::string claim;
  std::string device_name;
  PublicKey device_key;
  std::filesystem::path state_file;  // enrolment token and the platform's pinned keys (0600)
  std::filesystem::path store_file;  // SQLite; the outbox opens its own connection
  Nanoseconds first_backoff = std::chrono::milliseconds(500);
  Nanoseconds max_backoff = std::chrono::minutes(5);
  Nanoseconds poll_verifying = std::chrono::milliseconds(500);
  Nanoseconds poll_verdict = std::chrono::seconds(5);
};

// What one submission is doing right now, beside what the store keeps.
struct Progress {
  std::string submission_id;
  std::uint64_t acked_bytes = 0;
  std::uint64_t size_bytes = 0;
  double rate_bytes_per_s = 0;  // over the last seconds; 0: unknown
  double seconds_left = 0;      // 0: unknown
};

class Outbox {
 public:
  // `on_change` is called on the outbox's thread after the store was changed or progress was made (at most 4
  // a second).
  Outbox(OutboxOptions options, std::function<void(const std::string& submission_id)> on_change);
  ~Outbox();  // stops; a running request is cancelled
  Status start();
  void wake();  // something new stands in the store, or "send now"
  std::optional<Progress> progress(const std::string& submission_id) const;  // thread-safe
  // The platform's X25519 key for identity.box, once known (pinned at enrolment). Thread-safe.
  std::optional<Bytes> identity_key() const;
  enum class Link { kOff, kOk, kWaiting, kOffline };
  Link link() const;  // thread-safe

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace shilu::sender
