#include "tests/demo/live_feed.h"

#include <time.h>

#include <algorithm>
#include <cmath>
#include <numbers>

namespace shilu::demo {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::int64_t kSampleRate = 48'000;

void sleep_until(std::int64_t at) {
  const timespec when{at / kSecond, at % kSecond};
  while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &when, nullptr) != 0) {
  }
}

std::int16_t with_faults(unsigned faults, std::int16_t sample, std::int64_t at) {
  const double turn = 2 * std::numbers::pi * static_cast<double>(at % kSampleRate) / kSampleRate;
  if ((faults & kSilent) != 0) return 0;
  if ((faults & kHum) != 0)
    return static_cast<std::int16_t>(600 * std::sin(50 * turn) + 300 * std::sin(100 * turn) +
                                     150 * std::sin(150 * turn));
  if ((faults & kClipping) != 0)
    return static_cast<std::int16_t>(
        std::clamp(sample * 40 + 90'000 * std::sin(220 * turn), -32768.0, 32767.0));
  return sample;
}

}  // namespace

std::int64_t monotonic_ns() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * kSecond + now.tv_nsec;
}

std::int64_t true_time(const Studio& studio, std::int64_t media_ns) {
  return studio.epoch_ns + static_cast<std::int64_t>(static_cast<double>(media_ns) / studio.clock_rate);
}

std::int64_t since_mark(std::int64_t monotonic_ns) {
  constexpr std::int64_t kRounding = 500'000;  // of the step between two frames
  return (monotonic_ns + kRounding) % (2 * kSecond);
}

LiveFeed::LiveFeed(Studio& studio, const FeedSource& source, GstElement* video, GstElement* audio)
    : studio_(studio),
      source_(source),
      video_(video ? GST_ELEMENT(gst_object_ref(video)) : nullptr),
      audio_(audio ? GST_ELEMENT(gst_object_ref(audio)) : nullptr),
      canvas_(source.width, source.height),
      thread_([this] { run(); }) {}

LiveFeed::~LiveFeed() {
  stopping_ = true;
  thread_.join();
  if (video_ != nullptr) gst_object_unref(video_);
  if (audio_ != nullptr) gst_object_unref(audio_);
}

void LiveFeed::run() {
  const std::int64_t step = kSecond / source_.frames_per_second;
  const auto elapsed = static_cast<double>(monotonic_ns() - studio_.epoch_ns) * studio_.clock_rate;
  auto counter = static_cast<std::uint32_t>(static_cast<std::int64_t>(elapsed) / step + 1);
  for (; !stopping_; ++counter) {
    sleep_until(true_time(studio_, counter * step));
    if (studio_.frozen || running_time(counter * step) < 0) continue;
    if (video_ != nullptr) push_picture(counter);
    if (audio_ != nullptr) push_sound(counter);
  }
}

std::int64_t LiveFeed::running_time(std::int64_t media_ns) const {
  GstElement* const element = video_ != nullptr ? video_ : audio_;
  GstClock* clock = gst_element_get_clock(element);
  if (clock == nullptr) return -1;
  // The pipeline's clock may be another than CLOCK_MONOTONIC: carry the moment over by the difference of now.
  const auto clock_now = static_cast<std::int64_t>(gst_clock_get_time(clock));
  gst_object_unref(clock);
  const auto base = static_cast<std::int64_t>(gst_element_get_base_time(element));
  const auto ago = static_cast<double>(monotonic_ns() - true_time(studio_, media_ns)) * studio_.clock_rate;
  return clock_now - static_cast<std::int64_t>(ago) - base;
}

void LiveFeed::push(GstElement* element, GstBuffer* buffer, std::int64_t media_ns, std::int64_t duration_ns) {
  const std::int64_t at = running_time(media_ns);
  GST_BUFFER_PTS(buffer) = at < 0 ? 0 : static_cast<GstClockTime>(at);
  GST_BUFFER_DURATION(buffer) = static_cast<GstClockTime>(duration_ns);
  gst_app_src_push_buffer(GST_APP_SRC(element), buffer);
}

void LiveFeed::push_picture(std::uint32_t counter) {
  const std::int64_t step = kSecond / source_.frames_per_second;
  const unsigned faults = studio_.faults;
  if ((faults & kFrozen) != 0) {  // the counter stands still, too
    push(video_, gst_buffer_new_memdup(canvas_.bytes.data(), canvas_.bytes.size()), counter * step, step);
    return;
  }
  source_.draw(counter, canvas_);
  const bool flash = studio_.sync_marks && since_mark(true_time(studio_, counter * step)) < 3 * step;
  if (flash) fill(canvas_, 0, 0, canvas_.width, canvas_.height, 235);
  if ((faults & kBlack) != 0) fill(canvas_, 0, 0, canvas_.width, canvas_.height, 16);
  draw_counter(canvas_, counter);
  push(video_, gst_buffer_new_memdup(canvas_.bytes.data(), canvas_.bytes.size()), counter * step, step);
  if (studio_.log != nullptr) {
    const std::lock_guard lock(studio_.log_mutex);
    std::fprintf(studio_.log, "%s %u %lld\n", source_.name.c_str(), counter,
                 static_cast<long long>(monotonic_ns()));
    std::fflush(studio_.log);
  }
}

void LiveFeed::push_sound(std::uint32_t counter) {
  const std::int64_t first = counter * kSampleRate / source_.frames_per_second;
  const auto count =
      static_cast<std::size_t>((counter + 1) * kSampleRate / source_.frames_per_second - first);
  GstBuffer* buffer = gst_buffer_new_allocate(nullptr, count * 2, nullptr);
  GstMapInfo map;
  gst_buffer_map(buffer, &map, GST_MAP_WRITE);
  auto* samples = reinterpret_cast<std::int16_t*>(map.data);
  source_.sound(first, count, samples);
  for (std::size_t i = 0; i < count; ++i)
    samples[i] = with_faults(studio_.faults, samples[i], first + static_cast<std::int64_t>(i));
  gst_buffer_unmap(buffer, &map);
  push(audio_, buffer, first * kSecond / kSampleRate,
       static_cast<std::int64_t>(count) * kSecond / kSampleRate);
}

}  // namespace shilu::demo
