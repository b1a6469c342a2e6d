#include "tests/live/capture_process.h"

#include <fmt/format.h>

#include <catch2/catch.hpp>

#include <algorithm>

#include "firmware/base/file_system.h"
#include "tests/base/eventually.h"
#include "tests/live/tool.h"

namespace shilu::test {
namespace {

UniqueFd connect_when_there(const std::filesystem::path& socket) {
  UniqueFd fd;
  const bool connected = eventually([&] {
    auto attempt = connect_unix(socket);
    if (attempt) fd = std::move(*attempt);
    return static_cast<bool>(attempt);
  });
  REQUIRE(connected);
  return fd;
}

// NAL types of a unit with 4-byte lengths.
std::vector<int> nal_types(Codec codec, ByteView unit) {
  std::vector<int> types;
  ByteReader reader(unit);
  while (reader.remaining() > 0) {
    const auto nal = reader.bytes(reader.u32());
    REQUIRE(reader.ok());
    types.push_back(codec == Codec::kH264 ? nal[0] & 0x1f : nal[0] >> 1 & 0x3f);
  }
  return types;
}

bool is_sync_type(Codec codec, int type) {
  return codec == Codec::kH264 ? type == 5 : type >= 16 && type <= 23;
}

void put_annex_b(Bytes& stream, ByteView nal) {
  put_u32(stream, 1);
  put_bytes(stream, nal);
}

// SPS and PPS of an AVCDecoderConfigurationRecord (ISO/IEC 14496-15 5.3.3.1.2).
void put_parameter_sets(Bytes& stream, ByteView configuration) {
  ByteReader reader(configuration.subspan(5));
  for (const unsigned mask : {0x1fu, 0xffu}) {
    const auto count = reader.u8() & mask;
    for (unsigned i = 0; i < count; ++i) put_annex_b(stream, reader.bytes(reader.u16()));
  }
  REQUIRE(reader.ok());
}

}  // namespace

CaptureProcess::CaptureProcess(const std::string& source, std::vector<std::string> more_arguments,
                               std::vector<std::string> environment) {
  ProcessOptions options;
  options.program = std::filesystem::path(SHILU_BIN_DIR) / "shilu-capture";
  options.arguments = {"--source", source, "--socket", socket().string()};
  options.arguments.insert(options.arguments.end(), more_arguments.begin(), more_arguments.end());
  options.extra_environment = std::move(environment);
  options.extra_environment.emplace_back(
      "G_DEBUG=fatal-criticals");  // a wrong call into GStreamer is a failure
  options.log_file = directory_ / "log";
  auto process = ChildProcess::start(options);
  REQUIRE(process);
  process_ = *process;
}

CaptureProcess::~CaptureProcess() {
  process_.stop(std::chrono::seconds(3));
}

std::string CaptureProcess::log() const {
  return read_text_file(directory_ / "log").value_or("");
}

std::optional<int> CaptureProcess::exit_status(std::chrono::milliseconds deadline) {
  eventually([this] { return process_.poll().has_value(); }, deadline);
  return process_.poll();
}

Peer::Peer(const std::filesystem::path& socket) : channel_(connect_when_there(socket)) {}

bool Peer::read_one(MonotonicTime end) {
  const auto left = end - SystemClock().monotonic();
  if (closed_ || left <= Nanoseconds(0)) return false;
  const auto bytes = channel_.receive(left);
  if (!bytes || !*bytes) {
    closed_ = bytes || bytes.error().kind != ErrorKind::kTimedOut;
    return false;
  }
  auto message = link::decode(**bytes);
  REQUIRE(message);
  if (auto* said = std::get_if<link::Hello>(&*message)) {
    order.emplace_back("hello");
    hello = *said;
  } else if (auto* state = std::get_if<link::StateChange>(&*message)) {
    order.emplace_back("state");
    states.push_back(*state);
  } else if (auto* track = std::get_if<link::TrackParameters>(&*message)) {
    order.emplace_back(fmt::format("parameters {}", to_string(track->kind)));
    parameters[track->kind].push_back(*track);
  } else if (auto* unit = std::get_if<link::AccessUnit>(&*message)) {
    order.emplace_back(fmt::format("unit {}", to_string(unit->kind)));
    (unit->kind == MediaKind::kVideo ? video_ : audio_).push_back(std::move(*unit));
  }
  return true;
}

bool Peer::read_units(MediaKind kind, std::size_t count, std::chrono::milliseconds deadline) {
  return read_until([&] { return units(kind).size() >= count; }, deadline);
}

bool Peer::read_state(link::SourceState state, std::string_view code, std::chrono::milliseconds deadline) {
  const auto is_it = [&](const link::StateChange& change) {
    return change.state == state && change.code == code;
  };
  return read_until([&] { return std::any_of(states.begin(), states.end(), is_it); }, deadline);
}

void Peer::acknowledge(MediaKind kind, std::uint64_t number) {
  REQUIRE(channel_.send(link::encode(link::Durable{kind, number})));
}

void Peer::shutdown() {
  REQUIRE(channel_.send(link::encode(link::Shutdown{})));
}

void Peer::need_key() {
  REQUIRE(channel_.send(link::encode(link::NeedKey{})));
}

void check_units(const Peer& peer, MediaKind kind) {
  const auto& units = peer.units(kind);
  REQUIRE(peer.parameters.count(kind) == 1);
  const auto codec = peer.parameters.at(kind).front().parameters.codec;
  for (std::size_t i = 0; i < units.size(); ++i) {
    const auto& unit = units[i];
    INFO(to_string(kind) << " unit " << unit.number);
    CHECK(unit.presentation_time >= unit.decode_time);
    if (i > 0) CHECK(unit.number == units[i - 1].number + 1);
    if (i > 0) CHECK(unit.decode_time > units[i - 1].decode_time);
    if (kind == MediaKind::kAudio) {
      CHECK(unit.sync);
      continue;
    }
    const auto types = nal_types(codec, unit.data);
    const bool has_sync =
        std::any_of(types.begin(), types.end(), [&](int type) { return is_sync_type(codec, type); });
    CHECK(unit.sync == has_sync);
    if (codec == Codec::kH264) {  // neither parameter sets nor delimiters
      CHECK(std::none_of(types.begin(), types.end(), [](int type) { return type >= 7 && type <= 9; }));
    }
  }
}

std::vector<Picture> decoded_pictures(const Peer& peer) {
  const auto& parameters = peer.parameters.at(MediaKind::kVideo).front().parameters;
  Bytes stream;
  std::vector<MonotonicTime> times;
  put_parameter_sets(stream, parameters.configuration);
  for (const auto& unit : peer.units(MediaKind::kVideo)) {
    ByteReader reader(unit.data);
    while (reader.remaining() > 0) put_annex_b(stream, reader.bytes(reader.u32()));
    times.push_back(unit.presentation_time);
  }
  std::sort(times.begin(), times.end());
  const TemporaryDirectory directory;
  const auto file = directory / "units.h264";
  REQUIRE(write_file_atomic(file, stream));
  const auto decoded = output_of(fmt::format(
      "ffmpeg -nostdin -loglevel error -f h264 -i {} -vsync passthrough -f rawvideo -pix_fmt gray -",
      file.string()));
  const std::size_t size = std::size_t{parameters.width} * parameters.height;
  REQUIRE(decoded.size() == times.size() * size);
  std::vector<Picture> pictures;
  for (std::size_t i = 0; i < times.size(); ++i) {
    pictures.push_back({parameters.width, decoded.substr(i * size, size), times[i]});
  }
  return pictures;
}

std::vector<std::int16_t> decoded_sound(const Peer& peer) {
  const auto& parameters = peer.parameters.at(MediaKind::kAudio).front().parameters;
  REQUIRE(parameters.sample_rate == 48'000);
  Bytes adts;  // ISO/IEC 13818-7 6.2
  for (const auto& unit : peer.units(MediaKind::kAudio)) {
    constexpr unsigned k48kHz = 3;
    const auto size = unit.data.size() + 7;
    const unsigned channels = parameters.channels;
    put_bytes(adts, Bytes{0xff, 0xf1, static_cast<std::uint8_t>(1u << 6 | k48kHz << 2 | channels >> 2),
                          static_cast<std::uint8_t>((channels & 3u) << 6 | size >> 11),
                          static_cast<std::uint8_t>(size >> 3),
                          static_cast<std::uint8_t>((size & 7u) << 5 | 0x1fu), 0xfc});
    put_bytes(adts, unit.data);
  }
  const TemporaryDirectory directory;
  const auto file = directory / "units.aac";
  REQUIRE(write_file_atomic(file, adts));
  const auto decoded =
      output_of(fmt::format("ffmpeg -nostdin -loglevel error -f aac -i {} -f s16le -ac 1 -", file.string()));
  std::vector<std::int16_t> samples(decoded.size() / 2);
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const auto low = static_cast<std::uint8_t>(decoded[2 * i]);
    const auto high = static_cast<std::uint8_t>(decoded[2 * i + 1]);
    samples[i] = static_cast<std::int16_t>(low | high << 8);
  }
  return samples;
}

std::vector<int> burned_numbers(const Peer& peer) {
  std::vector<int> numbers;
  for (const auto& picture : decoded_pictures(peer)) {
    int number = 0;
    for (std::size_t bit = 0; bit < 16; ++bit) number |= picture.at(bit * 16 + 8, 16) > 125 ? 1 << bit : 0;
    numbers.push_back(number);
  }
  return numbers;
}

}  // namespace shilu::test
