#pragma once
// The end of a branch of the pipeline: takes parsed units from an appsink and puts them into the backlog with
// their monotonic times. Its callback runs in a streaming thread and only copies; it waits for nobody.

#include <gst/app/gstappsink.h>

#include <atomic>
#include <optional>

#include "capture/live/backlog.h"
#include "capture/live/decode_times.h"
#include "capture/live/gst_owner.h"
#include "capture/live/nominal_ticks.h"

namespace shilu::live {

// What the streams of one attempt tell the thread that watches over it. Thread-safe.
struct Progress {
  struct Kind {
    std::atomic<bool> announced{false};
    std::atomic<std::int64_t> last_unit_ns{0};  // CLOCK_MONOTONIC of its arrival; 0: none yet
  };
  Kind& of(MediaKind kind) { return kind == MediaKind::kVideo ? video : audio; }
  Kind video;
  Kind audio;
  std::atomic<bool> live{false};  // something arrived
};

struct StreamOptions {
  MediaKind kind = MediaKind::kVideo;
  bool resumed = false;             // an attempt before this one delivered units
  bool live = true;                 // its times lie near the present
  MonotonicTime base_time;          // of the pipeline's running time 0
  std::uint32_t delay_samples = 0;  // of an encoder that does not take its delay out of the times itself
};

class Stream {
 public:
  // `sink` outlives this no longer than its pipeline runs: stop the pipeline first.
  Stream(GstOwner<GstElement> sink, StreamOptions options, Backlog& backlog, Progress& progress);
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  // Why this stream is of no use; asked by the watching thread.
  std::optional<Error> failure() const;

 private:
  static GstFlowReturn on_sample(GstAppSink* sink, gpointer self);
  GstFlowReturn take(GstSample* sample);
  Status use_caps(GstCaps* caps);
  void deliver(link::AccessUnit unit);
  std::optional<MonotonicTime> presentation_of(GstSample* sample);
  MonotonicTime plausible(MonotonicTime time);
  void observe(const link::AccessUnit& unit);

  GstOwner<GstElement> sink_;
  StreamOptions options_;
  Backlog& backlog_;
  Progress& progress_;
  mutable std::mutex failure_mutex_;
  std::optional<Error> failure_;  // guarded by failure_mutex_
  // Below: only in the streaming thread.
  GstOwner<GstCaps> caps_;
  link::TrackParameters track_;
  std::vector<Bytes> parameter_sets_;
  std::optional<DecodeTimes> decode_times_;
  NominalTicks nominal_;
  std::optional<MonotonicTime> last_presentation_;
  Nanoseconds correction_{0};  // of times that were far from the present
  bool started_ = false;       // a first sync unit was delivered
  bool lost_ = false;          // units went before the next one
};

}  // namespace shilu::live
