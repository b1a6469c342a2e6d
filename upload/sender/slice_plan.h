#pragma once
// How much of a file one request carries. Whole blocks of 8 MiB, about half a minute of the line, at most 64
// MiB because proxies refuse 100 MB (Cloudflare), and less where one refuses less or where a cut request
// leaves nothing behind (a proxy that takes in the whole request before it passes it on). Pure.

#include <cstdint>

#include "firmware/base/clock.h"

namespace shilu::sender {

class SlicePlan {
 public:
  // Bytes of the next request, 0 at the end.
  std::uint64_t next(std::uint64_t offset, std::uint64_t size) const;
  void on_sent(std::uint64_t bytes, Nanoseconds took);
  void on_too_large();     // 413
  void on_nothing_kept();  // much was taken, the connection was cut, and nothing of it is there
  bool can_be_smaller() const;

 private:
  void halve();
  std::uint64_t slice_ = 16u << 20;
  std::uint64_t ceiling_ = 64u << 20;
};

}  // namespace shilu::sender
