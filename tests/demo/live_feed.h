#pragma once
// Pushes pictures (and sound) into the appsrc elements of one RTSP media at their time, from the moment it is prepared until it
// is unprepared. Frame n of a source is due at the camera's epoch + n / rate, whoever watches: counters go on between viewers.

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

// What all sources of one program share.
struct Studio {
  std::int64_t epoch_ns = 0;  // CLOCK_MONOTONIC at frame 0
  std::atomic<bool> frozen = false;
  bool sync_marks = false;    // a white flash and a beep every 2 s
  std::FILE* log = nullptr;   // "<stream> <counter> <CLOCK_MONOTONIC ns>" per picture sent
  std::mutex log_mutex;
};

struct FeedSource {
  std::string name;
  int frames_per_second = 25;
  std::function<void(std::uint32_t counter, Frame& into)> draw;
  // Sound of [first, first + count) samples since the epoch, 48 kHz mono; empty: the source is silent.
  std::function<void(std::int64_t first, std::size_t count, std::int16_t* into)> sound;
};

class LiveFeed {
 public:
  // `audio` may be nullptr. Takes references on the elements.
  LiveFeed(Studio& studio, const FeedSource& source, GstElement* video, GstElement* audio);
  ~LiveFeed();  // stops

 private:
  void run();
  bool push_picture(std::uint32_t counter);
  void push_sound(std::uint32_t counter);
  void push(GstElement* element, GstBuffer* buffer, std::int64_t media_ns, std::int64_t duration_ns);
  // Running time of the media's pipeline at a moment; negative before it plays.
  std::int64_t running_time(std::int64_t monotonic_ns) const;

  Studio& studio_;
  const FeedSource source_;
  GstElement* const video_;
  GstElement* const audio_;
  Frame canvas_;
  std::atomic<bool> stopping_ = false;
  std::thread thread_;
};

std::int64_t monotonic_ns();

}  // namespace shilu::demo
