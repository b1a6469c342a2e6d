#include "capture/live/stream.h"

#include <algorithm>

#include "capture/live/nal_units.h"
#include "capture/live/reorder_depth.h"
#include "capture/live/stream_caps.h"
#include "firmware/base/log.h"
#include "firmware/lesson/lesson_time.h"

namespace shilu::live {
namespace {

constexpr Nanoseconds kUsualStep = std::chrono::milliseconds(40);
constexpr Nanoseconds kFarFromPresent = std::chrono::seconds(5);

}  // namespace

Stream::Stream(GstOwner<GstElement> sink, StreamOptions options, Backlog& backlog, Progress& progress,
               const LipSync& lip_sync)
    : sink_(std::move(sink)),
      options_(options),
      backlog_(backlog),
      progress_(progress),
      lip_sync_(lip_sync),
      settler_(options.settling),
      lost_(options.resumed) {
  progress_.of(options_.kind).announced = true;
  GstAppSinkCallbacks callbacks{};
  callbacks.new_sample = &Stream::on_sample;
  gst_app_sink_set_callbacks(GST_APP_SINK(sink_.get()), &callbacks, this, nullptr);
}

std::optional<Error> Stream::failure() const {
  const std::lock_guard lock(failure_mutex_);
  return failure_;
}

GstFlowReturn Stream::on_sample(GstAppSink* sink, gpointer self) {
  const auto sample = adopt(gst_app_sink_pull_sample(sink));
  return sample ? static_cast<Stream*>(self)->take(sample.get()) : GST_FLOW_EOS;
}

GstFlowReturn Stream::take(GstSample* sample) {
  if (const auto used = use_caps(gst_sample_get_caps(sample)); !used) {
    const std::lock_guard lock(failure_mutex_);
    failure_ = used.error();
    return GST_FLOW_NOT_SUPPORTED;
  }
  auto unit = unit_of(gst_sample_get_buffer(sample));
  if (!unit) return GST_FLOW_OK;
  const auto presentation = presentation_of(sample);
  if (!presentation) return GST_FLOW_OK;
  unit->presentation_time = in_step(*presentation);
  started_ = true;
  unit->discontinuity = std::exchange(lost_, false);
  const auto now = SystemClock().monotonic();
  progress_.of(options_.kind).last_unit_ns = now.ns;
  if (options_.kind == MediaKind::kVideo) progress_.keyless = false;
  if (!progress_.begun.exchange(true)) {
    backlog_.set_state({link::SourceState::kLive, "", ""});
    progress_.live = true;
  }
  const auto sender = sender_time(*unit);
  note_key(*unit, sender);
  for (auto& ready : settler_.add(std::move(*unit), sender, aligned(), now)) deliver(std::move(ready));
  return GST_FLOW_OK;
}

Stream::~Stream() {
  for (auto& held : settler_.finish()) deliver(std::move(held));
}

// Without its times; nullopt when there is nothing in it to be recorded.
std::optional<link::AccessUnit> Stream::unit_of(GstBuffer* buffer) {
  const BufferMap map(buffer);
  const ByteView bytes(map.data(), map.size());
  if (bytes.size() > link::kMaxUnit) {
    log_warning("a unit of {} bytes is left out", bytes.size());
    lost_ = true;
    return std::nullopt;
  }
  if (started_ && GST_BUFFER_FLAG_IS_SET(buffer, GST_BUFFER_FLAG_DISCONT)) lost_ = true;
  link::AccessUnit unit;
  unit.kind = options_.kind;
  unit.sync = true;
  if (options_.kind == MediaKind::kAudio) {
    unit.data.assign(bytes.begin(), bytes.end());
    return bytes.empty() ? std::nullopt : std::optional(std::move(unit));
  }
  auto clean = clean_access_unit(track_.parameters.codec, bytes, parameter_sets_);
  if (!clean) lost_ = true;
  const bool wanted = clean && clean->picture && (started_ || clean->sync);
  if (clean && clean->picture && !started_ && !clean->sync) progress_.keyless = true;
  if (!wanted) return std::nullopt;
  unit.data = std::move(clean->data);
  unit.sync = clean->sync;
  return unit;
}

bool Stream::aligned() const {
  const bool alone = !progress_.video.announced || !progress_.audio.announced;
  return alone || lip_sync_.correction(options_.kind).has_value();
}

// Sound and picture are brought into step at once while the units are held back, later bit by bit: a jump
// would look like a loss.
MonotonicTime Stream::in_step(MonotonicTime presentation) {
  constexpr Nanoseconds kIgnored = std::chrono::milliseconds(4);
  constexpr Nanoseconds kReached = std::chrono::microseconds(500);
  constexpr Nanoseconds kLargestMove = std::chrono::milliseconds(1);
  const auto wanted = lip_sync_.correction(options_.kind).value_or(lip_shift_);
  const auto rest = wanted - lip_shift_;
  if (!settler_.settled()) {
    lip_shift_ = wanted;
  } else {
    lip_moving_ = std::chrono::abs(rest) > (lip_moving_ ? kReached : kIgnored);
    if (lip_moving_) lip_shift_ += std::clamp(rest, -kLargestMove, kLargestMove);
  }
  return presentation + lip_shift_;
}

Nanoseconds Stream::sender_time(const link::AccessUnit& unit) {
  if (options_.kind == MediaKind::kVideo) {
    return sender_.rtp().value_or(Nanoseconds(unit.presentation_time.ns));
  }
  const Nanoseconds frame(ns_from_ticks(track_.nominal_ticks, track_.parameters.timescale));
  return sender_.count(frame, unit.presentation_time, unit.discontinuity);
}

Status Stream::use_caps(GstCaps* caps) {
  if (caps_.get() == caps) return {};
  SHILU_TRY(auto track, parameters_of(caps));
  if (track.parameters.configuration.size() > link::kMaxConfiguration)
    return fail(ErrorKind::kInvalidArgument, "its parameter sets are larger than any camera's");
  caps_ = share(caps);
  const bool changed = !(track.parameters == track_.parameters);
  if (!changed) return {};
  if (options_.kind == MediaKind::kVideo) {
    SHILU_TRY(parameter_sets_, parameter_sets_of(track.parameters.codec, track.parameters.configuration));
    const auto depth = reorder_depth(track.parameters.codec, parameter_sets_);
    if (decode_times_) {
      decode_times_->expect(depth);
    } else {
      decode_times_.emplace(depth, kUsualStep);
    }
    nominal_ = NominalTicks();
    track.nominal_ticks = track_.nominal_ticks;
  }
  track_ = std::move(track);
  backlog_.set_parameters(track_);
  return {};
}

// Pipeline time is CLOCK_MONOTONIC; a buffer's place in it is the base time plus its running time.
std::optional<MonotonicTime> Stream::presentation_of(GstSample* sample) {
  auto* buffer = gst_sample_get_buffer(sample);
  guint64 running = 0;
  int sign = 0;
  if (GST_BUFFER_PTS_IS_VALID(buffer)) {
    sign = gst_segment_to_running_time_full(gst_sample_get_segment(sample), GST_FORMAT_TIME,
                                            GST_BUFFER_PTS(buffer), &running);
  }
  if (sign != 0) {
    const Nanoseconds offset(sign * static_cast<std::int64_t>(running));
    const auto delay =
        options_.delay_samples == 0 ? 0 : ns_from_ticks(options_.delay_samples, track_.parameters.timescale);
    last_presentation_ = plausible(options_.base_time + (offset - Nanoseconds(delay)));
  } else if (last_presentation_) {
    const auto ticks = track_.nominal_ticks;
    last_presentation_ =
        *last_presentation_ +
        (ticks > 0 ? Nanoseconds(ns_from_ticks(ticks, track_.parameters.timescale)) : kUsualStep);
  }
  return last_presentation_;
}

// A camera whose clock jumps must not take the lesson's timeline with it: the new timeline is joined to the
// present.
MonotonicTime Stream::plausible(MonotonicTime time) {
  const auto now = SystemClock().monotonic();
  if (!options_.live || std::chrono::abs(now - (time + correction_)) < kFarFromPresent)
    return time + correction_;
  correction_ = now - time;
  lost_ = true;
  log_warning("the source's time jumped; it is taken as {} ms later from now on",
              std::chrono::duration_cast<std::chrono::milliseconds>(correction_).count());
  return now;
}

void Stream::deliver(link::AccessUnit unit) {
  if (unit.discontinuity) nominal_.restart();
  unit.decode_time = unit.presentation_time;
  if (options_.kind == MediaKind::kVideo) {
    const auto times = decode_times_->next(unit.presentation_time);
    unit.decode_time = times.decode;
    unit.presentation_time = times.presentation;
    observe(unit);
  }
  backlog_.append(std::move(unit));
}

// By the sender's clock, for a connection begins with a burst.
void Stream::note_key(const link::AccessUnit& unit, Nanoseconds sender) {
  if (options_.kind != MediaKind::kVideo) return;
  if (unit.discontinuity) last_key_.reset();
  if (!unit.sync) return;
  if (last_key_) progress_.key_distance_ns = (sender - *last_key_).count();
  last_key_ = sender;
  progress_.last_key_ns = progress_.video.last_unit_ns.load();
}

void Stream::observe(const link::AccessUnit& unit) {
  const auto ticks = nominal_.add(unit.decode_time);
  if (!ticks || *ticks == track_.nominal_ticks) return;
  track_.nominal_ticks = *ticks;
  backlog_.set_parameters(track_);
}

}  // namespace shilu::live
