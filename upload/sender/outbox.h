#pragma once
// Delivers what the store's submissions say, for ever: offer -> begin or resume -> send -> verifying ->
// receipt
// -> verdict. Survives restarts: everything it knows stands in the store before the network sees it. How it
// decides: docs/design/uploading.md.

#include <functional>
#include <memory>
#include <string>

#include "config/upload_settings.h"
#include "firmware/base/certificate.h"
#include "firmware/base/clock.h"
#include "firmware/store/device_store.h"
#include "upload/sender/heard_clock.h"
#include "upload/sender/pace.h"

namespace shilu::sender {

struct OutboxOptions {
  std::string platform_url;
  std::string claim;
  std::string device_name;
  const CertifiedKey* seal_key = nullptr;  // shows at the enrolment which device this is; outlives the outbox
  std::filesystem::path state_file;        // enrolment token and the platform's pinned keys (0600)
  std::filesystem::path store_file;        // SQLite; the outbox opens its own connection
  config::UploadSettings upload;
  Nanoseconds poll_verifying = std::chrono::milliseconds(500);  // sooner at first, rarer later
  Nanoseconds poll_verdict = std::chrono::seconds(5);           // likewise
};

// What one submission is doing right now, beside what the store keeps.
struct Progress {
  std::string submission_id;
  std::uint64_t acked_bytes = 0;
  std::uint64_t size_bytes = 0;
  double rate_bytes_per_s = 0;  // over the last seconds; 0: unknown
  double seconds_left = 0;      // 0: unknown
};

struct LineStatus {
  enum class Link { kOff, kOk, kWaiting, kOffline } link = Link::kOff;
  // Why nothing gets on, of the line as a whole; empty: it does. Codes: docs/design/uploading.md.
  std::string code, text;
  std::optional<HeardClock> platform_clock;  // nullopt: not heard yet
};

std::string_view to_string(LineStatus::Link link);  // "waiting" for kOff too, "ok", "offline"

class Outbox {
 public:
  // `on_change` is called on the outbox's thread after the store was changed or progress was made (at most 4
  // a second).
  Outbox(OutboxOptions options, std::function<void(const std::string& submission_id)> on_change);
  ~Outbox();  // stops; a running request is cancelled
  Status start();
  void wake();  // a person did something: it is looked at without any waiting

  // All of these are thread-safe.
  std::optional<Progress> progress(const std::string& submission_id) const;
  // The platform's X25519 key for identity.box, once known (pinned at enrolment).
  std::optional<Bytes> identity_key() const;
  LineStatus line() const;
  Pace& pace();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace shilu::sender
