#pragma once
// One pipeline under construction and at work: a source puts its elements in and attaches every pad that
// carries something; the assembly puts behind it what turns it into units - parser, or decoder and encoder.
// One stream of pictures and one of sound are recorded; further pads run into nothing.
// attach() may be called from streaming threads; all else from one thread.

#include <array>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "capture/live/rtp_tap.h"
#include "capture/live/stream.h"

namespace shilu::live {

struct AssemblyOptions {
  bool live = true;            // the source delivers in real time by itself; otherwise it is paced
  bool resumed = false;        // an attempt before this one delivered units
  bool sound = true;           // else its sound runs into nothing
  SettlerTimes settling;       // how long the times of a network source are not yet to be trusted
  int frames_per_second = 25;  // of pictures that have to be encoded
};

// Of an RTP stream's caps, also before they have their name (rtspsrc's select-stream): its units go into the
// recording as they come, without a decoder and an encoder.
bool is_rtp_recorded_untouched(const GstCaps* caps);

class Assembly {
 public:
  Assembly(AssemblyOptions options, Backlog& backlog);
  ~Assembly();  // stops the pipeline
  Assembly(const Assembly&) = delete;
  Assembly& operator=(const Assembly&) = delete;

  GstElement* pipeline() const { return pipeline_.get(); }
  Progress& progress() { return progress_; }
  LipSync& lip_sync() { return lip_sync_; }

  // A piece of pipeline text of plain elements (no bins: GStreamer would look for loose ends inside them)
  // without outside data in it; its loose ends become pads "src" and "sink".
  Result<GstElement*> add(const std::string& description);
  Result<GstElement*> add_element(const char* factory);
  // Puts what is needed behind the pad. The failure is kept for failure().
  void attach(GstPad* pad);
  void attach(GstPad* pad, GstCaps* caps);  // when its caps are known already
  // The same, as soon as it is known which of its formats the pad will carry.
  void attach_when_known(GstPad* pad);
  // Attaches every pad that the element shows from now on.
  void attach_pads_of(GstElement* element);
  void refuse(Error error);
  // `ended` tells, asked by the thread that watches, why the source is over although the pipeline is well.
  // What it holds lives until the pipeline is stopped.
  void lives_with(std::function<std::optional<Error>()> ended) { ended_ = std::move(ended); }

  Status start();
  void stop();  // no unit comes any more, and nothing is attached
  std::optional<Error> failure() const;
  // Whether the sound is what went wrong, and the picture could do without it. `message`: the error that the
  // pipeline ended with, or null.
  bool is_fault_of_sound(const GstMessage* message) const;

 private:
  GstElement* place(const GstOwner<GstElement>& element);
  void note_sink(GstElement* sink);
  Status try_attach(GstPad* pad, GstCaps* caps);
  Status attach_end(GstPad* pad, MediaKind kind, const std::string& chain, std::uint32_t delay_samples);
  Status discard(GstPad* pad);
  bool claim(MediaKind kind);
  void tap_rtp(GstPad* pad, MediaKind kind, Stream* stream);
  void note_sound(GstPad* pad, GstElement* behind);
  Result<std::string> picture_chain(const GstStructure* caps) const;
  Result<std::string> sound_chain() const;

  const AssemblyOptions options_;
  Backlog& backlog_;
  Progress progress_;
  LipSync lip_sync_;
  std::function<std::optional<Error>()> ended_;
  GstOwner<GstElement> pipeline_;
  GstClockTime base_time_ = 0;               // CLOCK_MONOTONIC of running time 0
  std::recursive_mutex attaching_;           // held while something is attached, which may show another pad
  std::vector<GstOwner<GstElement>> sinks_;  // guarded by attaching_
  bool stopping_ = false;                    // guarded by attaching_
  mutable std::mutex mutex_;
  std::array<bool, 2> claimed_{};                 // guarded by mutex_
  std::vector<std::unique_ptr<RtpTap>> taps_;     // guarded by mutex_
  std::vector<std::unique_ptr<Stream>> streams_;  // guarded by mutex_
  std::optional<Error> failure_;                  // guarded by mutex_
  struct SoundBranch {
    GstOwner<GstPad> from;
    GstOwner<GstElement> bin;
  };
  std::vector<SoundBranch> sound_branches_;  // guarded by mutex_
};

}  // namespace shilu::live
