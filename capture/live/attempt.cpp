#include "capture/live/attempt.h"

#include <fmt/format.h>

#include "capture/live/failure.h"
#include "firmware/base/log.h"

namespace shilu::live {
namespace {

constexpr GstClockTime kLook = 100 * GST_MSECOND;

// Watches over a started assembly.
class Watch {
 public:
  Watch(const SourceSpec& spec, const AttemptTimes& times, Assembly& assembly, Backlog& backlog)
      : spec_(spec),
        times_(times),
        assembly_(assembly),
        backlog_(backlog),
        bus_(adopt(gst_element_get_bus(assembly.pipeline()))),
        started_(SystemClock().monotonic()) {}

  AttemptEnd run(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      const auto message = adopt(gst_bus_timed_pop_filtered(
          bus_.get(), kLook, static_cast<GstMessageType>(GST_MESSAGE_ERROR | GST_MESSAGE_EOS)));
      if (auto why = look(message.get())) return end(std::move(*why), message.get());
    }
    return end(lost("", "The capture was told to end."), nullptr);
  }

 private:
  std::optional<link::StateChange> look(GstMessage* message) {
    // What we found wrong ourselves says more than the error that GStreamer makes of it.
    if (const auto failure = assembly_.failure()) return explain(spec_, *failure);
    if (message != nullptr && GST_MESSAGE_TYPE(message) == GST_MESSAGE_ERROR) return explain(spec_, message);
    if (message != nullptr) return explain_end(spec_);
    notice_missing_sound();
    return silent() ? std::optional(explain_silence(spec_, last_main_unit() > 0, announced())) : std::nullopt;
  }

  bool announced() { return assembly_.progress().video.announced || assembly_.progress().audio.announced; }

  // Of the picture, or of the sound of a source that has no picture.
  std::int64_t last_main_unit() {
    auto& progress = assembly_.progress();
    return progress.video.announced ? progress.video.last_unit_ns : progress.audio.last_unit_ns;
  }

  bool silent() {
    const auto now = SystemClock().monotonic();
    const auto last = last_main_unit();
    return last == 0 ? now - started_ > times_.first_unit : now - MonotonicTime{last} > times_.silence;
  }

  // A microphone that falls silent does not cost the picture a reconnect; people are told.
  void notice_missing_sound() {
    auto& progress = assembly_.progress();
    const auto last = progress.audio.last_unit_ns.load();
    if (last == 0 || !progress.video.announced) return;
    const bool missing = SystemClock().monotonic() - MonotonicTime{last} > times_.silence;
    if (missing == sound_missing_) return;
    sound_missing_ = missing;
    backlog_.set_state({link::SourceState::kLive,
                        missing ? fmt::format("The sound of {} has stopped.", spec_.shown()) : std::string(),
                        ""});
  }

  AttemptEnd end(link::StateChange why, GstMessage* message) {
    const bool ended = message != nullptr && GST_MESSAGE_TYPE(message) == GST_MESSAGE_EOS;
    return {std::move(why), assembly_.progress().live, ended && spec_.kind == "file"};
  }

  const SourceSpec& spec_;
  const AttemptTimes& times_;
  Assembly& assembly_;
  Backlog& backlog_;
  GstOwner<GstBus> bus_;
  MonotonicTime started_;
  bool sound_missing_ = false;
};

}  // namespace

AttemptEnd run_attempt(const SourceSpec& spec, Transport transport, bool resumed, const AttemptTimes& times,
                       Backlog& backlog, std::stop_token stop) {
  const auto failed = [&](const Error& error) { return AttemptEnd{explain(spec, error), false, false}; };
  auto options = assembly_options_for(spec);
  if (!options) return failed(options.error());
  options->resumed = resumed;
  Assembly assembly(*options, backlog);
  if (const auto built = build_source(assembly, spec, transport); !built) return failed(built.error());
  Watch watch(spec, times, assembly, backlog);
  // A start that fails leaves the reason on the bus.
  if (const auto started = assembly.start(); !started) log_debug("{}", started.error().message);
  return watch.run(stop);
}

}  // namespace shilu::live
