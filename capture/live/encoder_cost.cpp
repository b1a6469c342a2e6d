#include "capture/live/encoder_cost.h"

#include <fmt/format.h>
#include <time.h>

#include <array>
#include <map>
#include <mutex>

#include "capture/live/gst_owner.h"
#include "firmware/base/clock.h"
#include "firmware/base/log.h"

namespace shilu::live {
namespace {

constexpr int kPictures = 12;
constexpr int kFilmWidth = 640;
constexpr int kFilmHeight = 360;
constexpr double kMostCores = 0.5;
constexpr GstClockTime kFilmPatience = 10 * GST_SECOND;
// Of x264, from better to cheaper. Slower ones gain little for a classroom (SSIM 0.9938 against 0.9913 and
// 0.9846).
constexpr std::array<const char*, 3> kPresets{"veryfast", "superfast", "ultrafast"};

double process_cpu_seconds() {
  timespec used{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
  return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) / 1e9;
}

// By processor time, which a busy machine does not change much; 0: the film was not encoded.
double seconds_of_film(const std::string& preset) {
  const auto text = fmt::format(
      "videotestsrc num-buffers={} pattern=ball ! video/x-raw,format=I420,width={},height={},framerate=25/1 "
      "! x264enc "
      "tune=zerolatency speed-preset={} threads=1 pass=qual quantizer=23 key-int-max=25 ! fakesink "
      "sync=false",
      kPictures, kFilmWidth, kFilmHeight, preset);
  const auto film =
      adopt_floating(gst_parse_launch_full(text.c_str(), nullptr, GST_PARSE_FLAG_FATAL_ERRORS, nullptr));
  if (!film) return 0;
  const auto bus = adopt(gst_element_get_bus(film.get()));
  const auto before = process_cpu_seconds();
  gst_element_set_state(film.get(), GST_STATE_PLAYING);
  const auto message = adopt(gst_bus_timed_pop_filtered(
      bus.get(), kFilmPatience, static_cast<GstMessageType>(GST_MESSAGE_ERROR | GST_MESSAGE_EOS)));
  const auto used = process_cpu_seconds() - before;
  gst_element_set_state(film.get(), GST_STATE_NULL);
  const bool encoded = message && GST_MESSAGE_TYPE(message.get()) == GST_MESSAGE_EOS;
  return encoded ? used : 0;
}

// A property of the machine, so it is measured once in a process.
double seconds_per_pixel(const std::string& preset) {
  static std::mutex mutex;
  static std::map<std::string, double> known;  // guarded by mutex
  const std::lock_guard lock(mutex);
  const auto found = known.find(preset);
  if (found != known.end()) return found->second;
  return known[preset] =
             seconds_of_film(preset) / (static_cast<double>(kFilmWidth) * kFilmHeight * kPictures);
}

}  // namespace

double encoder_cores(const std::string& preset, double pixels_per_second) {
  return seconds_per_pixel(preset) * pixels_per_second;
}

std::string preset_for(double pixels_per_second) {
  for (const auto* preset : kPresets) {
    const auto cores = encoder_cores(preset, pixels_per_second);
    if (cores <= 0 || cores > kMostCores) continue;
    log_info("x264 {} takes {:.2f} of a core for this picture", preset, cores);
    return preset;
  }
  log_warning(
      "this machine is slow for this picture; pictures may be left out. A smaller one or a lower rate helps");
  return kPresets.back();
}

}  // namespace shilu::live
