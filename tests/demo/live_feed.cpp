#include "tests/demo/live_feed.h"

#include <time.h>

namespace shilu::demo {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::int64_t kSampleRate = 48'000;

void sleep_until(std::int64_t at) {
  const timespec when{at / kSecond, at % kSecond};
  while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &when, nullptr) != 0) {
  }
}

}  // namespace

std::int64_t monotonic_ns() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * kSecond + now.tv_nsec;
}

LiveFeed::LiveFeed(Studio& studio, const FeedSource& source, GstElement* video, GstElement* audio)
    : studio_(studio),
      source_(source),
      video_(GST_ELEMENT(gst_object_ref(video))),
      audio_(audio ? GST_ELEMENT(gst_object_ref(audio)) : nullptr),
      canvas_(1280, 720),
      thread_([this] { run(); }) {}

LiveFeed::~LiveFeed() {
  stopping_ = true;
  thread_.join();
  gst_object_unref(video_);
  if (audio_ != nullptr) gst_object_unref(audio_);
}

void LiveFeed::run() {
  const std::int64_t step = kSecond / source_.frames_per_second;
  auto counter = static_cast<std::uint32_t>((monotonic_ns() - studio_.epoch_ns) / step + 1);
  for (; !stopping_; ++counter) {
    sleep_until(studio_.epoch_ns + counter * step);
    if (studio_.frozen || running_time(studio_.epoch_ns + counter * step) < 0) continue;
    if (!push_picture(counter)) return;
    if (audio_ != nullptr) push_sound(counter);
  }
}

std::int64_t LiveFeed::running_time(std::int64_t at) const {
  GstClock* clock = gst_element_get_clock(video_);
  if (clock == nullptr) return -1;
  // The pipeline's clock may be another than CLOCK_MONOTONIC: carry the moment over by the difference of now.
  const auto clock_now = static_cast<std::int64_t>(gst_clock_get_time(clock));
  gst_object_unref(clock);
  const auto base = static_cast<std::int64_t>(gst_element_get_base_time(video_));
  return clock_now - (monotonic_ns() - at) - base;
}

void LiveFeed::push(GstElement* element, GstBuffer* buffer, std::int64_t media_ns, std::int64_t duration_ns) {
  const std::int64_t at = running_time(studio_.epoch_ns + media_ns);
  GST_BUFFER_PTS(buffer) = at < 0 ? 0 : static_cast<GstClockTime>(at);
  GST_BUFFER_DURATION(buffer) = static_cast<GstClockTime>(duration_ns);
  gst_app_src_push_buffer(GST_APP_SRC(element), buffer);
}

bool LiveFeed::push_picture(std::uint32_t counter) {
  source_.draw(counter, canvas_);
  const bool flash = studio_.sync_marks && counter % static_cast<std::uint32_t>(2 * source_.frames_per_second) < 3;
  if (flash) fill(canvas_, 0, 0, canvas_.width, canvas_.height, 235);
  draw_counter(canvas_, counter);
  const std::int64_t step = kSecond / source_.frames_per_second;
  push(video_, gst_buffer_new_memdup(canvas_.bytes.data(), canvas_.bytes.size()), counter * step, step);
  if (studio_.log != nullptr) {
    const std::lock_guard lock(studio_.log_mutex);
    std::fprintf(studio_.log, "%s %u %lld\n", source_.name.c_str(), counter, static_cast<long long>(monotonic_ns()));
    std::fflush(studio_.log);
  }
  return true;
}

void LiveFeed::push_sound(std::uint32_t counter) {
  const std::int64_t first = counter * kSampleRate / source_.frames_per_second;
  const auto count = static_cast<std::size_t>((counter + 1) * kSampleRate / source_.frames_per_second - first);
  GstBuffer* buffer = gst_buffer_new_allocate(nullptr, count * 2, nullptr);
  GstMapInfo map;
  gst_buffer_map(buffer, &map, GST_MAP_WRITE);
  source_.sound(first, count, reinterpret_cast<std::int16_t*>(map.data));
  gst_buffer_unmap(buffer, &map);
  push(audio_, buffer, first * kSecond / kSampleRate, static_cast<std::int64_t>(count) * kSecond / kSampleRate);
}

}  // namespace shilu::demo
