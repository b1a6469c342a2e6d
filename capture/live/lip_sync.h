#pragma once
// How a camera's sound lies to its picture. Both are measured by their arrival, and come with different
// delays (a picture takes longer to encode). The camera's sender reports (RFC 3550 6.4.1) tie the RTP
// timestamps of both to one wall clock, so the difference of the delays is known; the later stream is moved
// to the earlier one. GStreamer can do this too, but from the delay as estimated when the report comes: a
// report in the first two seconds puts it off by as much as 200 ms for five seconds (measured). Thread-safe.

#include <array>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>

#include "firmware/base/clock.h"
#include "firmware/lesson/track.h"

namespace shilu::live {

struct RtpPacket {
  MediaKind kind = MediaKind::kVideo;
  std::uint32_t ssrc = 0;
  std::uint32_t rate = 0;  // Hz of the timestamp
  std::uint32_t timestamp = 0;
  MonotonicTime measured;
};

struct SenderReport {
  std::uint32_t ssrc = 0;
  std::uint64_t ntp = 0;  // 32.32 fixed point
  std::uint32_t timestamp = 0;
};

class LipSync {
 public:
  // `settling`: how much of a stream has to come before its measured times are good.
  explicit LipSync(Nanoseconds settling) : settling_(settling) {}
  void packet(const RtpPacket& packet);
  void report(const SenderReport& report);
  // What has to be added to the measured times of this kind (0 or less); nullopt while it is not known.
  std::optional<Nanoseconds> correction(MediaKind kind) const;

 private:
  struct Stream {
    std::optional<RtpPacket> first;
    std::optional<Nanoseconds> delay;  // measured time less the sender's wall clock, smoothed
  };
  static std::size_t index(MediaKind kind) { return kind == MediaKind::kVideo ? 0 : 1; }

  const Nanoseconds settling_;
  mutable std::mutex mutex_;
  std::array<Stream, 2> streams_;                  // guarded by mutex_
  std::map<std::uint32_t, SenderReport> reports_;  // by SSRC; guarded by mutex_
};

}  // namespace shilu::live
