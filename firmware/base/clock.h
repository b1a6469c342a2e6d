#pragma once
// The clocks. Media time, monotonic time and wall time are different types on purpose.
// Monotonic: CLOCK_MONOTONIC ns, comparable between processes of one boot (see boot_id). Wall: UTC ns since
// 1970.

#include <chrono>
#include <cstdint>
#include <string>

#include "firmware/base/result.h"

namespace shilu {

using Nanoseconds = std::chrono::nanoseconds;

struct MonotonicTime {
  std::int64_t ns = 0;
  auto operator<=>(const MonotonicTime&) const = default;
  Nanoseconds operator-(MonotonicTime other) const { return Nanoseconds(ns - other.ns); }
  MonotonicTime operator+(Nanoseconds d) const { return {ns + d.count()}; }
};

struct WallTime {
  std::int64_t ns = 0;
  auto operator<=>(const WallTime&) const = default;
};

std::string to_rfc3339(WallTime time);  // "2026-11-21T08:00:00.123Z"
Result<WallTime> wall_from_rfc3339(std::string_view text);

// How good the wall clock is, as the kernel's NTP state tells it (adjtimex).
struct ClockQuality {
  bool synchronised = false;
  std::int64_t error_ms = 0;  // the kernel's estimated maximum error
};

class Clock {
 public:
  virtual ~Clock() = default;
  virtual MonotonicTime monotonic() const = 0;
  virtual WallTime wall() const = 0;
  virtual ClockQuality quality() const = 0;
};

// Thread-safe.
class SystemClock final : public Clock {
 public:
  MonotonicTime monotonic() const override;
  WallTime wall() const override;
  ClockQuality quality() const override;
};

// For tests: moves only when told. Thread-bound.
class ManualClock final : public Clock {
 public:
  MonotonicTime monotonic() const override { return monotonic_; }
  WallTime wall() const override { return wall_; }
  ClockQuality quality() const override { return quality_; }
  void advance(Nanoseconds by);
  void set_wall(WallTime wall) { wall_ = wall; }
  void set_quality(ClockQuality quality) { quality_ = quality; }

 private:
  MonotonicTime monotonic_{1'000'000'000};
  WallTime wall_{1'780'000'000'000'000'000};
  ClockQuality quality_{true, 1};
};

std::string boot_id();  // /proc/sys/kernel/random/boot_id

}  // namespace shilu
