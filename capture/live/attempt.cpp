#include "capture/live/attempt.h"

#include <fmt/format.h>

#include <algorithm>

#include "capture/live/failure.h"
#include "capture/live/key_mender.h"
#include "firmware/base/log.h"

namespace shilu::live {
namespace {

constexpr GstClockTime kLook = 100 * GST_MSECOND;
constexpr Nanoseconds kLongestKeyDistance = std::chrono::seconds(2);  // docs/ref/fragments.md

constexpr Nanoseconds kKeysCease = std::chrono::seconds(10);
constexpr Nanoseconds kTryForPicture = std::chrono::minutes(10);  // costs the sound some seconds
constexpr Nanoseconds kFreshKey = std::chrono::seconds(1);        // a newer one has answered the wish already

double seconds_of(Nanoseconds time) {
  return static_cast<double>(time.count()) / 1e9;
}

// Watches over a started assembly.
class Watch {
 public:
  Watch(const AttemptSurroundings& around, const AttemptPlan& plan, Assembly& assembly)
      : spec_(around.spec),
        plan_(plan),
        times_(around.times),
        assembly_(assembly),
        backlog_(around.backlog),
        key_needed_(around.key_needed),
        mender_(around.mender),
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
    tell_notices();
    if (key_needed_.exchange(false) && spec_.kind != "file" && no_key_for(kFreshKey))
      return explain_renewal(spec_);
    const bool keyless = assembly_.progress().keyless;  // before silent(): it may be over at this moment
    if (stands_still() || !silent()) return std::nullopt;
    if (keyless) mender_.begin();
    if (plan_.sound_alone && sound_alone())
      return age() < kTryForPicture ? std::nullopt : std::optional(explain_renewal(spec_));
    return keyless ? explain_keyless(spec_) : explain_silence(spec_, last_main_unit() > 0, announced());
  }

  Nanoseconds age() const { return SystemClock().monotonic() - started_; }

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

  // A desktop sends nothing of a shared screen until something changes on it; as long as it keeps the
  // session, that is no silence.
  bool stands_still() {
    const bool waiting =
        spec_.is_shared_screen() && assembly_.progress().video.announced && last_main_unit() == 0;
    if (waiting && !told_standstill_ && age() > times_.silence) {
      told_standstill_ = true;
      backlog_.set_state(explain_standstill(spec_));
    }
    return waiting;
  }

  // There should be a picture too, and none came that can be recorded.
  bool sound_alone() {
    const auto& progress = assembly_.progress();
    const auto last = progress.audio.last_unit_ns.load();
    return progress.video.announced && progress.video.last_unit_ns == 0 && last != 0 &&
           SystemClock().monotonic() - MonotonicTime{last} <= times_.silence;
  }

  // What is wrong with a source that is recorded nevertheless. A microphone that falls silent does not cost
  // the picture a reconnect; people are told.
  void tell_notices() {
    if (!assembly_.progress().live) return;
    std::string code;
    std::string told;
    if (!plan_.sound) {
      told = fmt::format(
          "The sound of {} cannot be recorded, for nothing here understands its format. Set it to AAC or "
          "G.711.",
          spec_.shown());
    } else if (sound_missing()) {
      told = fmt::format("The sound of {} has stopped.", spec_.shown());
    }
    if (const auto distance = long_key_distance()) {
      mender_.begin();
      told += fmt::format(
          "{}{} sends a key picture only every {:.1f} s: clips then begin up to so much early, and a "
          "power cut costs so much more. Set its I-frame interval to 1 s.",
          told.empty() ? "" : " ", capital(spec_.shown()), seconds_of(*distance));
    }
    if (age() > times_.silence && sound_alone()) {
      const auto why = without_picture(spec_, assembly_.progress().keyless);
      told += (told.empty() ? "" : " ") + why.detail;
      code = why.code;
    }
    if (no_key_for(kKeysCease)) {
      mender_.begin();
      told += fmt::format(
          "{}{} has sent no key picture for more than 10 s: nothing behind the last one can be cut. Set its "
          "I-frame interval to 1 s, and turn off intra refresh.",
          told.empty() ? "" : " ", capital(spec_.shown()));
    }
    if (const auto outcome = mender_.outcome(); !outcome.empty()) told += (told.empty() ? "" : " ") + outcome;
    if (told == told_) return;
    told_ = told;
    if (!told.empty()) log_warning("{}", told);
    backlog_.set_state({link::SourceState::kLive, told, code});
  }

  bool sound_missing() {
    auto& progress = assembly_.progress();
    const auto last = progress.audio.last_unit_ns.load();
    if (last == 0 || !progress.video.announced) return false;
    return SystemClock().monotonic() - MonotonicTime{last} > times_.silence;
  }

  bool no_key_for(Nanoseconds time) {
    const auto last = assembly_.progress().last_key_ns.load();
    return last != 0 && !silent() && SystemClock().monotonic() - MonotonicTime{last} > time;
  }

  // Told with the tenth that it exceeds the bound by, so that one late picture does not make it come and go.
  std::optional<Nanoseconds> long_key_distance() {
    auto& progress = assembly_.progress();
    const Nanoseconds distance(progress.key_distance_ns.load());
    if (distance > kLongestKeyDistance * 11 / 10) return distance;
    return std::nullopt;
  }

  AttemptEnd end(link::StateChange why, GstMessage* message) {
    const bool failed = message != nullptr && GST_MESSAGE_TYPE(message) == GST_MESSAGE_ERROR;
    const bool ended = message != nullptr && GST_MESSAGE_TYPE(message) == GST_MESSAGE_EOS;
    const bool for_picture = sound_alone();
    const bool for_sound = assembly_.is_fault_of_sound(failed ? message : nullptr);
    assembly_.stop();  // a unit that comes at the last moment counts
    return {std::move(why), assembly_.progress().live, ended && spec_.kind == "file", for_sound, for_picture};
  }

  const SourceSpec& spec_;
  const AttemptPlan& plan_;
  const AttemptTimes& times_;
  Assembly& assembly_;
  Backlog& backlog_;
  std::atomic<bool>& key_needed_;
  KeyMender& mender_;
  GstOwner<GstBus> bus_;
  MonotonicTime started_;
  std::string told_;
  bool told_standstill_ = false;
};

}  // namespace

AttemptEnd run_attempt(const AttemptSurroundings& around, const AttemptPlan& plan, std::stop_token stop) {
  const auto& spec = around.spec;
  const auto failed = [&](const Error& error) { return AttemptEnd{explain(spec, error)}; };
  const auto asking = [&] { around.backlog.set_state(explain_asking(spec)); };
  auto options = assembly_options_for(spec);
  if (!options) return failed(options.error());
  options->resumed = plan.resumed;
  options->sound = plan.sound;
  if (around.times.start == StartTimes::kAsTheyCome) options->settling = {};
  Assembly assembly(*options, around.backlog);
  if (const auto built = build_source(assembly, spec, plan.transport, {around.consent, asking, stop}); !built)
    return failed(built.error());
  around.key_needed = false;
  Watch watch(around, plan, assembly);
  // A start that fails leaves the reason on the bus.
  if (const auto started = assembly.start(); !started) log_debug("{}", started.error().message);
  return watch.run(stop);
}

}  // namespace shilu::live
