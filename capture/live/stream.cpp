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

Stream::Stream(GstOwner<GstElement> sink, StreamOptions options, Backlog& backlog, Progress& progress)
    : sink_(std::move(sink)),
      options_(options),
      backlog_(backlog),
      progress_(progress),
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
  auto* buffer = gst_sample_get_buffer(sample);
  const auto presentation = presentation_of(sample);
  const BufferMap map(buffer);
  const ByteView bytes(map.data(), map.size());
  link::AccessUnit unit;
  unit.kind = options_.kind;
  unit.sync = true;
  if (started_ && GST_BUFFER_FLAG_IS_SET(buffer, GST_BUFFER_FLAG_DISCONT)) lost_ = true;
  if (options_.kind == MediaKind::kVideo) {
    auto clean = clean_access_unit(track_.parameters.codec, bytes, parameter_sets_);
    if (clean && !clean->picture) return GST_FLOW_OK;
    if (!clean) lost_ = true;
    if (!clean || !presentation || (!started_ && !clean->sync)) return GST_FLOW_OK;
    unit.data = std::move(clean->data);
    unit.sync = clean->sync;
    const auto times = decode_times_->next(*presentation);
    unit.decode_time = times.decode;
    unit.presentation_time = times.presentation;
  } else {
    if (bytes.empty() || !presentation) return GST_FLOW_OK;
    unit.data.assign(bytes.begin(), bytes.end());
    unit.decode_time = unit.presentation_time = *presentation;
  }
  deliver(std::move(unit));
  return GST_FLOW_OK;
}

Status Stream::use_caps(GstCaps* caps) {
  if (caps_.get() == caps) return {};
  SHILU_TRY(auto track, parameters_of(caps));
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
  unit.discontinuity = std::exchange(lost_, false);
  started_ = true;
  if (unit.discontinuity) nominal_.restart();
  if (options_.kind == MediaKind::kVideo) observe(unit);
  if (!progress_.live.exchange(true)) backlog_.set_state({link::SourceState::kLive, "", ""});
  backlog_.append(std::move(unit));
  progress_.of(options_.kind).last_unit_ns = SystemClock().monotonic().ns;
}

void Stream::observe(const link::AccessUnit& unit) {
  const auto ticks = nominal_.add(unit.decode_time);
  if (!ticks || *ticks == track_.nominal_ticks) return;
  track_.nominal_ticks = *ticks;
  backlog_.set_parameters(track_);
}

}  // namespace shilu::live
