#include "capture/link/link.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <type_traits>

namespace shilu::link {
namespace {

// What no honest peer exceeds. The other side may be broken or taken over, so every length is held to them.
constexpr std::size_t kMaxText = 4096;
// Three years since boot, and the finest clocks in use: what keeps times and sums of ticks far from the end
// of 64 bits.
constexpr std::int64_t kMaxTime = 100'000'000'000'000'000;
constexpr std::uint32_t kMaxTimescale = 10'000'000;
constexpr std::uint32_t kMaxSampleRate = 384'000;

enum class Type : std::uint8_t { kHello = 1, kParameters, kUnit, kState, kDurable, kShutdown, kNeedKey };
enum Flag : std::uint8_t { kSync = 1, kDiscontinuity = 2 };

// --- writing

void put_i64(Bytes& out, std::int64_t value) {
  put_u64(out, static_cast<std::uint64_t>(value));
}

void put_data(Bytes& out, ByteView data) {
  put_u32(out, static_cast<std::uint32_t>(data.size()));
  put_bytes(out, data);
}

void put_text(Bytes& out, std::string_view text) {
  put_data(out, as_bytes(text.substr(0, kMaxText)));
}

Bytes begin(Type type) {
  return {static_cast<std::uint8_t>(type)};
}

std::uint8_t code_of(MediaKind kind) {
  return kind == MediaKind::kVideo ? 0 : 1;
}

std::uint8_t code_of(Codec codec) {
  switch (codec) {
    case Codec::kH264:
      return 0;
    case Codec::kH265:
      return 1;
    case Codec::kAac:
      return 2;
  }
  return std::numeric_limits<std::uint8_t>::max();
}

Bytes write(const Hello& hello) {
  auto out = begin(Type::kHello);
  put_u8(out, kVersion);
  put_text(out, hello.source);
  put_text(out, hello.kind);
  put_text(out, hello.boot_id);
  put_u32(out, hello.pid);
  return out;
}

Bytes write(const TrackParameters& track) {
  auto out = begin(Type::kParameters);
  put_u8(out, code_of(track.kind));
  put_u8(out, code_of(track.parameters.codec));
  put_data(out, track.parameters.configuration);
  put_u16(out, track.parameters.width);
  put_u16(out, track.parameters.height);
  put_u32(out, track.parameters.sample_rate);
  put_u16(out, track.parameters.channels);
  put_u32(out, track.parameters.timescale);
  put_u32(out, track.nominal_ticks);
  return out;
}

Bytes write(const AccessUnit& unit) {
  auto out = begin(Type::kUnit);
  out.reserve(unit.data.size() + 32);
  put_u8(out, code_of(unit.kind));
  put_u64(out, unit.number);
  put_i64(out, unit.decode_time.ns);
  put_i64(out, unit.presentation_time.ns);
  put_u8(out, static_cast<std::uint8_t>((unit.sync ? kSync : 0) | (unit.discontinuity ? kDiscontinuity : 0)));
  put_data(out, unit.data);
  return out;
}

Bytes write(const StateChange& change) {
  auto out = begin(Type::kState);
  put_u8(out, static_cast<std::uint8_t>(change.state));
  put_text(out, change.code);
  put_text(out, change.detail);
  return out;
}

Bytes write(const Durable& durable) {
  auto out = begin(Type::kDurable);
  put_u8(out, code_of(durable.kind));
  put_u64(out, durable.number);
  return out;
}

Bytes write(const NeedKey&) {
  return begin(Type::kNeedKey);
}

Bytes write(const Shutdown&) {
  return begin(Type::kShutdown);
}

// --- reading

// Reads fields; the first thing that is wrong is kept, and everything after it is meaningless.
class Fields {
 public:
  explicit Fields(ByteView bytes) : reader_(bytes) {}

  std::uint8_t u8() { return reader_.u8(); }
  std::uint16_t u16() { return reader_.u16(); }
  std::uint32_t u32() { return reader_.u32(); }
  std::uint64_t u64() { return reader_.u64(); }
  MonotonicTime time() {
    const auto ns = static_cast<std::int64_t>(reader_.u64());
    require(ns >= -kMaxTime && ns <= kMaxTime, "a time is years away");
    return {ns};
  }

  ByteView data(std::size_t limit, std::string_view name) {
    const auto size = reader_.u32();
    if (size <= limit) return reader_.bytes(size);
    require(false, fmt::format("{} has {} bytes, at most {} are allowed", name, size, limit));
    too_long_ = true;
    return {};
  }
  std::string text(std::string_view name) { return std::string(as_text(data(kMaxText, name))); }

  MediaKind kind() {
    const auto code = u8();
    require(code <= 1, fmt::format("unknown kind {}", code));
    return code == 0 ? MediaKind::kVideo : MediaKind::kAudio;
  }

  Codec codec() {
    const auto code = u8();
    require(code <= 2, fmt::format("unknown codec {}", code));
    return code == 0 ? Codec::kH264 : code == 1 ? Codec::kH265 : Codec::kAac;
  }

  void require(bool condition, std::string reason) {
    if (!condition && reason_.empty()) reason_ = std::move(reason);
  }

  Status finish(std::string_view message) {
    if (!reader_.ok() && !too_long_) reason_ = "it ends too early";  // explains whatever else looked wrong
    require(reader_.remaining() == 0, fmt::format("{} bytes too many", reader_.remaining()));
    if (reason_.empty()) return {};
    return fail(ErrorKind::kCorrupted,
                fmt::format("a message of type {} is malformed: {}", message, reason_));
  }

 private:
  ByteReader reader_;
  std::string reason_;
  bool too_long_ = false;
};

Result<Message> read_hello(Fields fields) {
  const auto version = fields.u8();
  if (version != kVersion) {
    return fail(
        ErrorKind::kCorrupted,
        fmt::format("the peer speaks version {} of the link, we speak version {}", version, kVersion));
  }
  Hello hello;
  hello.source = fields.text("the source's name");
  hello.kind = fields.text("the source's kind");
  hello.boot_id = fields.text("the boot id");
  hello.pid = fields.u32();
  fields.require(is_source_name(hello.source), "the source's name is not a source name");
  SHILU_CHECK(fields.finish("hello"));
  return hello;
}

Result<Message> read_parameters(Fields fields) {
  TrackParameters track;
  track.kind = fields.kind();
  auto& parameters = track.parameters;
  parameters.codec = fields.codec();
  const auto configuration = fields.data(kMaxConfiguration, "the configuration");
  parameters.configuration.assign(configuration.begin(), configuration.end());
  parameters.width = fields.u16();
  parameters.height = fields.u16();
  parameters.sample_rate = fields.u32();
  parameters.channels = fields.u16();
  parameters.timescale = fields.u32();
  track.nominal_ticks = fields.u32();
  const bool video = track.kind == MediaKind::kVideo;
  fields.require(video == (parameters.codec != Codec::kAac), "kind and codec disagree");
  fields.require(!configuration.empty(), "the configuration is empty");
  fields.require(parameters.timescale > 0, "the timescale is 0");
  fields.require(parameters.timescale <= kMaxTimescale && parameters.sample_rate <= kMaxSampleRate,
                 "the timescale or the sample rate is larger than any");
  fields.require(track.nominal_ticks <= parameters.timescale * std::uint64_t{3600}, "a sample lasts an hour");
  fields.require(!video || (parameters.width > 0 && parameters.height > 0), "the picture has no size");
  fields.require(video || (parameters.sample_rate > 0 && parameters.channels > 0), "the sound has no format");
  SHILU_CHECK(fields.finish("parameters"));
  return track;
}

Result<Message> read_unit(Fields fields) {
  AccessUnit unit;
  unit.kind = fields.kind();
  unit.number = fields.u64();
  unit.decode_time = fields.time();
  unit.presentation_time = fields.time();
  const auto flags = fields.u8();
  const auto data = fields.data(kMaxUnit, "the access unit");
  unit.sync = (flags & kSync) != 0;
  unit.discontinuity = (flags & kDiscontinuity) != 0;
  unit.data.assign(data.begin(), data.end());
  fields.require(unit.number > 0, "units are numbered from 1");
  fields.require((flags & ~(kSync | kDiscontinuity)) == 0, fmt::format("unknown flags {}", flags));
  fields.require(!data.empty(), "the access unit is empty");
  SHILU_CHECK(fields.finish("access unit"));
  return unit;
}

Result<Message> read_state(Fields fields) {
  const auto state = fields.u8();
  fields.require(state <= 2, fmt::format("unknown state {}", state));
  StateChange change;
  change.state = static_cast<SourceState>(std::min<std::uint8_t>(state, 2));
  change.code = fields.text("the code");
  change.detail = fields.text("the detail");
  SHILU_CHECK(fields.finish("state"));
  return change;
}

Result<Message> read_durable(Fields fields) {
  Durable durable;
  durable.kind = fields.kind();
  durable.number = fields.u64();
  SHILU_CHECK(fields.finish("durable"));
  return durable;
}

Result<Message> read_need_key(Fields fields) {
  SHILU_CHECK(fields.finish("need-key"));
  return NeedKey{};
}

Result<Message> read_shutdown(Fields fields) {
  SHILU_CHECK(fields.finish("shutdown"));
  return Shutdown{};
}

}  // namespace

std::string_view to_string(SourceState state) {
  switch (state) {
    case SourceState::kConnecting:
      return "connecting";
    case SourceState::kLive:
      return "live";
    case SourceState::kLost:
      return "lost";
  }
  return "unknown";
}

Bytes encode(const Message& message) {
  return std::visit([](const auto& fields) { return write(fields); }, message);
}

Result<Message> decode(ByteView bytes) {
  Fields fields(bytes.empty() ? bytes : bytes.subspan(1));
  const auto type = bytes.empty() ? std::uint8_t{0} : bytes.front();
  switch (static_cast<Type>(type)) {
    case Type::kHello:
      return read_hello(fields);
    case Type::kParameters:
      return read_parameters(fields);
    case Type::kUnit:
      return read_unit(fields);
    case Type::kState:
      return read_state(fields);
    case Type::kDurable:
      return read_durable(fields);
    case Type::kNeedKey:
      return read_need_key(fields);
    case Type::kShutdown:
      return read_shutdown(fields);
  }
  return fail(ErrorKind::kCorrupted, bytes.empty() ? std::string("an empty message came over the link")
                                                   : fmt::format("unknown type of message {}", type));
}

}  // namespace shilu::link
