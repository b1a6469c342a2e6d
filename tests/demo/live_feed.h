#pragma once
// Pushes pictures and sound into the appsrc elements of one RTSP media at their time, from the moment it is
// prepared until it is unprepared. Frame n of a source is due at the camera's epoch + n / rate by the
// camera's own clock, whoever watches: counters go on between viewers.

#include <gst/app/gstappsrc.h>
#include <gst/gst.h>

#include <atomic>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "tests/demo/frame.h"

namespace shilu::demo {

// What goes wrong in the classroom, on command. The camera itself goes on and knows nothing of it.
enum Fault : unsigned {
  kBlack = 1,     // a cap on the lens
  kFrozen = 2,    // the sensor gives the same picture for ever
  kSilent = 4,    // the microphone is unplugged
  kHum = 8,       // its cable is broken: 50 Hz and harmonics
  kClipping = 16  // it is turned up far too much
};

// What all sources of one program share.
struct Studio {
  std::int64_t epoch_ns =
      0;  // CLOCK_MONOTONIC at frame 0; a multiple of 2 s, so that two programs flash and beep together
  double clock_rate = 1;  // seconds that the cameras' clock counts in one true second
  std::atomic<bool> frozen = false;
  bool sync_marks = false;           // a white flash and a beep every 2 s
  std::atomic<unsigned> faults = 0;  // bits of Fault
  std::FILE* log = nullptr;          // "<stream> <counter> <CLOCK_MONOTONIC ns>" per picture sent
  std::mutex log_mutex;
};

struct FeedSource {
  std::string name;
  int width = 1280;
  int height = 720;
  int frames_per_second = 25;
  int kilobits_per_second = 2500;
  std::function<void(std::uint32_t counter, Frame& into)> draw;  // empty: a microphone
  // Sound of [first, first + count) samples since the epoch, 48 kHz mono; empty: the source is silent.
  std::function<void(std::int64_t first, std::size_t count, std::int16_t* into)> sound;
};

std::int64_t monotonic_ns();
// CLOCK_MONOTONIC at which the studio's clock shows so many ns since the epoch.
std::int64_t true_time(const Studio& studio, std::int64_t media_ns);
// How long ago the last flash and beep began, at a moment of CLOCK_MONOTONIC.
std::int64_t since_mark(std::int64_t monotonic_ns);

class LiveFeed {
 public:
  // Either may be nullptr. Takes references on the elements.
  LiveFeed(Studio& studio, const FeedSource& source, GstElement* video, GstElement* audio);
  ~LiveFeed();  // stops

 private:
  void run();
  void push_picture(std::uint32_t counter);
  void push_sound(std::uint32_t counter);
  void push(GstElement* element, GstBuffer* buffer, std::int64_t media_ns, std::int64_t duration_ns);
  // Running time of the media's pipeline at a moment of the studio's clock; negative before it plays.
  std::int64_t running_time(std::int64_t media_ns) const;

  Studio& studio_;
  const FeedSource source_;
  GstElement* const video_;
  GstElement* const audio_;
  Frame canvas_;
  std::atomic<bool> stopping_ = false;
  std::thread thread_;
};

}  // namespace shilu::demo
