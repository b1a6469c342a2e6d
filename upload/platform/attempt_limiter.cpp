#include "upload/platform/attempt_limiter.h"

namespace shilu::platform {
namespace {

constexpr int kFree = 10;
constexpr auto kWindow = std::chrono::minutes(1);
constexpr std::size_t kMaxPeers = 4096;  // the rest shares one entry

}  // namespace

void AttemptLimiter::forget_old(MonotonicTime now) {
  std::erase_if(wrong_, [&](const auto& entry) { return now - entry.second.first >= kWindow; });
}

std::chrono::seconds AttemptLimiter::wait_of(const std::string& peer) {
  const MonotonicTime now = clock_.monotonic();
  const std::lock_guard lock(mutex_);
  forget_old(now);
  auto found = wrong_.find(peer);
  if (found == wrong_.end() && wrong_.size() >= kMaxPeers) found = wrong_.find("");
  if (found == wrong_.end() || found->second.count < kFree) return std::chrono::seconds(0);
  return std::chrono::ceil<std::chrono::seconds>(kWindow - (now - found->second.first));
}

void AttemptLimiter::count_wrong(const std::string& peer) {
  const MonotonicTime now = clock_.monotonic();
  const std::lock_guard lock(mutex_);
  forget_old(now);
  const bool known = wrong_.contains(peer) || wrong_.size() < kMaxPeers;
  Wrong& wrong = wrong_[known ? peer : ""];
  if (wrong.count++ == 0) wrong.first = now;
}

}  // namespace shilu::platform
