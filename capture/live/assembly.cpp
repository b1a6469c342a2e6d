#include "capture/live/assembly.h"

#include <fmt/format.h>

#include "capture/live/encoders.h"
#include "firmware/base/log.h"

namespace shilu::live {
namespace {

// What a chain ends in: units as files take them.
constexpr std::string_view kH264End =
    "h264parse config-interval=0 ! video/x-h264,stream-format=avc,alignment=au";
constexpr std::string_view kH265End =
    "h265parse config-interval=0 ! video/x-h265,stream-format=hvc1,alignment=au";
constexpr std::string_view kAacEnd = "aacparse ! audio/mpeg,mpegversion=4,stream-format=raw,framed=true";

GstOwner<GstCaps> caps_of(GstPad* pad) {
  if (auto current = adopt(gst_pad_get_current_caps(pad))) return current;
  return adopt(gst_pad_query_caps(pad, nullptr));
}

std::string text_field(const GstStructure* structure, const char* name) {
  const gchar* text = gst_structure_get_string(structure, name);
  return text == nullptr ? "" : text;
}

// The pad may stand inside a bin.
bool link(GstPad* source, GstPad* sink) {
  return gst_pad_link_maybe_ghosting(source, sink) != FALSE;
}

// The compressed formats that are recorded as they come.
struct PassThrough {
  MediaKind kind;
  std::string chain;
};

std::optional<PassThrough> pass_through_rtp(const GstStructure* caps) {
  const auto encoding = text_field(caps, "encoding-name");
  if (encoding == "H264") return PassThrough{MediaKind::kVideo, fmt::format("rtph264depay ! {}", kH264End)};
  if (encoding == "H265") return PassThrough{MediaKind::kVideo, fmt::format("rtph265depay ! {}", kH265End)};
  if (text_field(caps, "media") != "audio") return std::nullopt;
  if (encoding == "MPEG4-GENERIC")
    return PassThrough{MediaKind::kAudio, fmt::format("rtpmp4gdepay ! {}", kAacEnd)};
  if (encoding == "MP4A-LATM")
    return PassThrough{MediaKind::kAudio, fmt::format("rtpmp4adepay ! {}", kAacEnd)};
  return std::nullopt;
}

std::optional<PassThrough> pass_through(const GstStructure* caps) {
  const std::string_view name(gst_structure_get_name(caps));
  if (name == "application/x-rtp") return pass_through_rtp(caps);
  if (name == "video/x-h264") return PassThrough{MediaKind::kVideo, fmt::format("queue ! {}", kH264End)};
  if (name == "video/x-h265") return PassThrough{MediaKind::kVideo, fmt::format("queue ! {}", kH265End)};
  gint version = 0;
  const bool mpeg = name == "audio/mpeg" && gst_structure_get_int(caps, "mpegversion", &version) != FALSE;
  if (mpeg && version > 1) return PassThrough{MediaKind::kAudio, fmt::format("queue ! {}", kAacEnd)};
  return std::nullopt;
}

bool is_sound(const GstStructure* caps) {
  return std::string_view(gst_structure_get_name(caps)).starts_with("audio/") ||
         text_field(caps, "media") == "audio";
}

void on_pad_added(GstElement*, GstPad* pad, gpointer assembly) {
  if (GST_PAD_IS_SRC(pad)) static_cast<Assembly*>(assembly)->attach(pad);
}

GstPadProbeReturn on_event(GstPad* pad, GstPadProbeInfo* info, gpointer assembly) {
  if (GST_EVENT_TYPE(gst_pad_probe_info_get_event(info)) != GST_EVENT_CAPS) return GST_PAD_PROBE_OK;
  GstCaps* caps = nullptr;  // belongs to the event
  gst_event_parse_caps(gst_pad_probe_info_get_event(info), &caps);
  static_cast<Assembly*>(assembly)->attach(pad, caps);
  return GST_PAD_PROBE_REMOVE;
}

}  // namespace

bool is_rtp_recorded_untouched(const GstCaps* caps) {
  return pass_through_rtp(gst_caps_get_structure(caps, 0)).has_value();
}

Assembly::Assembly(AssemblyOptions options, Backlog& backlog)
    : options_(options),
      backlog_(backlog),
      lip_sync_(options.settling.window),
      pipeline_(adopt_floating(gst_pipeline_new(nullptr))) {
  // Every source of every process counts the same time, CLOCK_MONOTONIC. Its zero is fixed here and not at
  // the change to PLAYING, since what is attached later would begin its work without one.
  const auto clock = adopt(gst_system_clock_obtain());
  gst_pipeline_use_clock(GST_PIPELINE(pipeline_.get()), clock.get());
  gst_element_set_start_time(pipeline_.get(), GST_CLOCK_TIME_NONE);
  base_time_ = gst_clock_get_time(clock.get());
  gst_element_set_base_time(pipeline_.get(), base_time_);
}

Assembly::~Assembly() {
  stop();
}

// The sinks first, each by itself. On its way down a pipeline pauses all of its elements before the first of
// them goes on; a paused sink keeps who brings it something, and over TCP that is rtspsrc's own thread, for
// which rtspsrc waits before it pauses.
void Assembly::stop() {
  {
    const std::lock_guard lock(attaching_);
    stopping_ = true;
    for (const auto& sink : sinks_) {
      gst_element_set_locked_state(sink.get(), TRUE);
      gst_element_set_state(sink.get(), GST_STATE_NULL);
    }
  }
  gst_element_set_state(pipeline_.get(), GST_STATE_NULL);
}

Result<GstElement*> Assembly::add(const std::string& description) {
  GError* raw_error = nullptr;
  auto bin = adopt_floating(gst_parse_bin_from_description_full(description.c_str(), TRUE, nullptr,
                                                                GST_PARSE_FLAG_FATAL_ERRORS, &raw_error));
  const GErrorOwner error(raw_error);
  if (!bin) {
    return fail(ErrorKind::kUnavailable,
                fmt::format("a part of GStreamer is missing: {}", error ? error->message : "unknown"));
  }
  return place(bin);
}

Result<GstElement*> Assembly::add_element(const char* factory) {
  const auto element = adopt_floating(gst_element_factory_make(factory, nullptr));
  if (!element)
    return fail(ErrorKind::kUnavailable, fmt::format("a part of GStreamer is missing: {}", factory));
  return place(element);
}

// The pipeline holds it from now on.
GstElement* Assembly::place(const GstOwner<GstElement>& element) {
  gst_bin_add(GST_BIN(pipeline_.get()), element.get());
  gst_element_set_base_time(element.get(), base_time_);
  return element.get();
}

void Assembly::note_sink(GstElement* sink) {
  const std::lock_guard lock(attaching_);
  sinks_.push_back(share(sink));
}

void Assembly::attach(GstPad* pad) {
  const auto caps = caps_of(pad);
  attach(pad, caps.get());
}

void Assembly::attach(GstPad* pad, GstCaps* caps) {
  const std::lock_guard lock(attaching_);
  if (stopping_) return;
  if (auto attached = try_attach(pad, caps); !attached) refuse(attached.error());
}

void Assembly::attach_when_known(GstPad* pad) {
  gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM, on_event, this, nullptr);
}

void Assembly::attach_pads_of(GstElement* element) {
  g_signal_connect(element, "pad-added", G_CALLBACK(on_pad_added), this);
}

void Assembly::refuse(Error error) {
  const std::lock_guard lock(mutex_);
  if (!failure_) failure_ = std::move(error);
}

Status Assembly::try_attach(GstPad* pad, GstCaps* caps) {
  if (caps == nullptr || gst_caps_is_any(caps) || gst_caps_is_empty(caps)) return discard(pad);
  const auto* structure = gst_caps_get_structure(caps, 0);
  if (!options_.sound && is_sound(structure)) return discard(pad);
  if (const auto known = pass_through(structure)) return attach_end(pad, known->kind, known->chain, 0);
  const std::string_view name(gst_structure_get_name(structure));
  if (name == "video/x-raw") {
    SHILU_TRY(const auto chain, picture_chain(structure));
    return attach_end(pad, MediaKind::kVideo, chain, 0);
  }
  if (name == "audio/x-raw") {
    SHILU_TRY(const auto chain, sound_chain());
    return attach_end(pad, MediaKind::kAudio, chain, kAacDelaySamples);
  }
  const bool sound = is_sound(structure);
  const bool picture =
      name.starts_with("video/") || name.starts_with("image/") || text_field(structure, "media") == "video";
  if (!sound && !picture) return discard(pad);
  // Another format (G.711, Opus, MJPEG ...): decoded, and encoded anew.
  SHILU_TRY(auto* decoder, add_element("decodebin"));
  attach_pads_of(decoder);
  tap_rtp(pad, sound ? MediaKind::kAudio : MediaKind::kVideo, nullptr);
  if (sound) note_sound(pad, decoder);
  const auto sink = adopt(gst_element_get_static_pad(decoder, "sink"));
  gst_element_sync_state_with_parent(decoder);
  if (link(pad, sink.get())) return {};
  return fail(ErrorKind::kInvalidArgument, fmt::format("the format {} cannot be decoded", name));
}

Result<std::string> Assembly::picture_chain(const GstStructure* caps) const {
  PictureFormat format;
  format.frames_per_second = options_.frames_per_second;
  gst_structure_get_int(caps, "width", &format.width);
  gst_structure_get_int(caps, "height", &format.height);
  SHILU_TRY(const auto encoder, choose_video_encoder(format));
  log_info("pictures are encoded by {}", encoder.element);
  // When the encoder is too slow, pictures are left out before it, not after.
  const std::string_view queue =
      options_.live ? "queue leaky=downstream max-size-buffers=0 max-size-bytes=0 max-size-time=1000000000"
                    : "queue";
  return fmt::format(
      "{} ! videorate ! video/x-raw,framerate={}/1 ! videoconvert ! videoscale ! "
      "video/x-raw,format=I420,width=(int)[2,1920,2],height=(int)[2,1200,2],pixel-aspect-ratio=1/1 ! {} ! {}",
      queue, options_.frames_per_second, encoder.description, kH264End);
}

Result<std::string> Assembly::sound_chain() const {
  SHILU_TRY(const auto encoder, choose_audio_encoder());
  return fmt::format(
      "queue ! audioconvert ! audioresample ! audio/x-raw,rate=48000,channels=(int)[1,2] ! {} ! {}",
      encoder.description, kAacEnd);
}

bool Assembly::claim(MediaKind kind) {
  const std::lock_guard lock(mutex_);
  return !std::exchange(claimed_[kind == MediaKind::kVideo ? 0 : 1], true);
}

Status Assembly::attach_end(GstPad* pad, MediaKind kind, const std::string& chain,
                            std::uint32_t delay_samples) {
  if (!claim(kind)) return discard(pad);
  // A file is read as fast as it can be; its units are let through when their time has come.
  // Nor does a live source's sink wait for the state of the others (async): the thread that brings the
  // packets of all streams would stand in the first of them.
  SHILU_TRY(auto* bin, add(fmt::format("{0} ! appsink name=units max-buffers=64 sync={1} async={1}", chain,
                                       !options_.live)));
  StreamOptions options;
  options.kind = kind;
  options.resumed = options_.resumed;
  options.live = options_.live;
  options.settling = options_.settling;
  options.base_time = {static_cast<std::int64_t>(base_time_)};
  options.delay_samples = delay_samples;
  auto sink = adopt(gst_bin_get_by_name(GST_BIN(bin), "units"));
  note_sink(sink.get());
  auto stream = std::make_unique<Stream>(std::move(sink), options, backlog_, progress_, lip_sync_);
  tap_rtp(pad, kind, stream.get());
  if (kind == MediaKind::kAudio) note_sound(pad, bin);
  {
    const std::lock_guard lock(mutex_);
    streams_.push_back(std::move(stream));
  }
  const auto entrance = adopt(gst_element_get_static_pad(bin, "sink"));
  gst_element_sync_state_with_parent(bin);
  if (link(pad, entrance.get())) return {};
  return fail(ErrorKind::kInvalidArgument, "the source's format does not fit what is recorded");
}

void Assembly::tap_rtp(GstPad* pad, MediaKind kind, Stream* stream) {
  auto tap = RtpTap::attach(pad, kind, {static_cast<std::int64_t>(base_time_)}, options_.settling.window,
                            lip_sync_, stream);
  const std::lock_guard lock(mutex_);
  if (tap) taps_.push_back(std::move(tap));
}

void Assembly::note_sound(GstPad* pad, GstElement* behind) {
  const std::lock_guard lock(mutex_);
  sound_branches_.push_back({share(pad), share(behind)});
}

// Elements say what is wrong with them, or refuse what comes; then the source says no more than that it
// cannot go on.
bool Assembly::is_fault_of_sound(const GstMessage* message) const {
  const auto refused = [](const SoundBranch& branch) {
    const auto flow = gst_pad_get_last_flow_return(branch.from.get());
    return flow <= GST_FLOW_NOT_NEGOTIATED;
  };
  const auto complains = [&](const SoundBranch& branch) {
    return message != nullptr &&
           gst_object_has_as_ancestor(GST_MESSAGE_SRC(message), GST_OBJECT(branch.bin.get())) != FALSE;
  };
  const std::lock_guard lock(mutex_);
  const bool picture = claimed_[0];
  return picture && std::any_of(sound_branches_.begin(), sound_branches_.end(),
                                [&](const auto& branch) { return refused(branch) || complains(branch); });
}

Status Assembly::discard(GstPad* pad) {
  SHILU_TRY(auto* bin, add_element("fakesink"));
  g_object_set(bin, "async", FALSE, nullptr);
  note_sink(bin);
  const auto sink = adopt(gst_element_get_static_pad(bin, "sink"));
  gst_element_sync_state_with_parent(bin);
  link(pad, sink.get());
  return {};
}

Status Assembly::start() {
  if (gst_element_set_state(pipeline_.get(), GST_STATE_PLAYING) != GST_STATE_CHANGE_FAILURE) return {};
  return fail(ErrorKind::kUnavailable, "the source could not be started");
}

std::optional<Error> Assembly::failure() const {
  if (ended_) {
    if (auto why = ended_()) return why;
  }
  const std::lock_guard lock(mutex_);
  if (failure_) return failure_;
  for (const auto& stream : streams_) {
    if (auto failure = stream->failure()) return failure;
  }
  return std::nullopt;
}

}  // namespace shilu::live
