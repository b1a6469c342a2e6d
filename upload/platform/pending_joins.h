#pragma once
// Uploads whose parts all lie in the store and wait to be made one object there. That may take the store
// minutes, so no request waits for it. In memory: after a restart the device's next offer brings them here
// again. Thread-safe.

#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "upload/s3/s3_client.h"

namespace shilu::platform {

class PendingJoins {
 public:
  using Parts = std::vector<s3::Part>;
  void put(const std::string& upload_id, Parts parts) {
    const std::lock_guard lock(mutex_);
    pending_[upload_id] = std::move(parts);
  }
  void remove(const std::string& upload_id) {
    const std::lock_guard lock(mutex_);
    pending_.erase(upload_id);
  }
  bool has(const std::string& upload_id) const {
    const std::lock_guard lock(mutex_);
    return pending_.count(upload_id) != 0;
  }
  std::map<std::string, Parts> all() const {
    const std::lock_guard lock(mutex_);
    return pending_;
  }

 private:
  mutable std::mutex mutex_;  // guards what follows
  std::map<std::string, Parts> pending_;
};

}  // namespace shilu::platform
