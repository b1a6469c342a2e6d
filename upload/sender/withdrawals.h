#pragma once
// Tells the platform of withdrawn uploads, until it has heard: before that its part of them is still there.
// Bound to the courier's thread.

#include <functional>
#include <optional>
#include <string>

#include "firmware/store/device_store.h"
#include "upload/sender/platform_client.h"
#include "upload/sender/tus_transport.h"

namespace shilu::sender {

class Withdrawals {
 public:
  Withdrawals(store::DeviceStore& store, const Clock& clock, std::function<double()> random)
      : store_(store), clock_(clock), random_(std::move(random)) {}

  // All that wait, one after the other; the last error. After one there is a pause, which grows.
  std::optional<CallError> tell(TusTransport& platform, const std::string& platform_url);
  void hurry() { next_ = {}; }

 private:
  store::DeviceStore& store_;
  const Clock& clock_;
  const std::function<double()> random_;
  std::int64_t failures_ = 0;
  MonotonicTime next_{};
};

}  // namespace shilu::sender
