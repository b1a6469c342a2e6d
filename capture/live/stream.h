#pragma once
// The end of a branch of the pipeline: takes parsed units from an appsink and puts them into the backlog with
// their monotonic times. Its callback runs in a streaming thread and only copies; it waits for nobody.

#include <gst/app/gstappsink.h>

#include <optional>

#include "capture/live/backlog.h"
#include "capture/live/decode_times.h"
#include "capture/live/gst_owner.h"
#include "capture/live/lip_sync.h"
#include "capture/live/nominal_ticks.h"
#include "capture/live/progress.h"
#include "capture/live/sender_clock.h"
#include "capture/live/start_settler.h"

namespace shilu::live {

struct StreamOptions {
  MediaKind kind = MediaKind::kVideo;
  bool resumed = false;             // an attempt before this one delivered units
  bool live = true;                 // its times lie near the present
  MonotonicTime base_time;          // of the pipeline's running time 0
  SettlerTimes settling;            // how long its times are not yet to be trusted
  std::uint32_t delay_samples = 0;  // of an encoder that does not take its delay out of the times itself
};

class Stream {
 public:
  // Must not be destroyed before its pipeline is stopped.
  Stream(GstOwner<GstElement> sink, StreamOptions options, Backlog& backlog, Progress& progress,
         const LipSync& lip_sync);
  ~Stream();  // gives on what is still held
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  // The packet that comes next; from the streaming thread.
  void note(const RtpPacket& packet) { sender_.note(packet.timestamp, packet.rate); }
  // Why this stream is of no use; asked by the watching thread.
  std::optional<Error> failure() const;

 private:
  static GstFlowReturn on_sample(GstAppSink* sink, gpointer self);
  GstFlowReturn take(GstSample* sample);
  Status use_caps(GstCaps* caps);
  std::optional<link::AccessUnit> unit_of(GstBuffer* buffer);
  bool aligned() const;
  MonotonicTime in_step(MonotonicTime presentation);
  Nanoseconds sender_time(const link::AccessUnit& unit);
  void deliver(link::AccessUnit unit);
  std::optional<MonotonicTime> presentation_of(GstSample* sample);
  MonotonicTime plausible(MonotonicTime time);
  void observe(const link::AccessUnit& unit);
  void note_key(const link::AccessUnit& unit, Nanoseconds sender);

  GstOwner<GstElement> sink_;
  StreamOptions options_;
  Backlog& backlog_;
  Progress& progress_;
  const LipSync& lip_sync_;
  mutable std::mutex failure_mutex_;
  std::optional<Error> failure_;  // guarded by failure_mutex_
  // Below: only in the streaming thread.
  GstOwner<GstCaps> caps_;
  link::TrackParameters track_;
  std::vector<Bytes> parameter_sets_;
  SenderClock sender_;
  StartSettler settler_;
  std::optional<DecodeTimes> decode_times_;
  NominalTicks nominal_;
  std::optional<MonotonicTime> last_presentation_;
  Nanoseconds lip_shift_{0};  // taken up from lip_sync_
  bool lip_moving_ = false;
  Nanoseconds correction_{0};            // of times that were far from the present
  std::optional<Nanoseconds> last_key_;  // by the sender's clock
  bool started_ = false;                 // a first sync unit was delivered
  bool lost_ = false;                    // units went before the next one
};

}  // namespace shilu::live
