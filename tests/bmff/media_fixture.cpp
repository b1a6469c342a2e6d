#include "tests/bmff/media_fixture.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <tuple>

#include "firmware/base/file_system.h"
#include "tests/base/temporary_directory.h"

namespace shilu::test {
namespace {

using std::filesystem::path;

struct Packet {
  std::int64_t presentation = 0;
  std::int64_t decode = 0;
  std::int64_t duration = 0;
  std::size_t size = 0;
  std::size_t position = 0;
  bool sync = false;
};

std::string selector(MediaKind kind) {
  return kind == MediaKind::kVideo ? "v:0" : "a:0";
}

// What ffprobe says of one stream. A program of a hundred libraries is not started for each word of it.
struct Probed {
  std::map<std::string, std::string> stream;
  std::vector<Packet> packets;

  std::uint32_t number(const std::string& name) const {
    return static_cast<std::uint32_t>(std::stoul(stream.at(name)));
  }
};

std::map<std::string, std::string> fields_of(const std::string& line) {
  std::map<std::string, std::string> fields;
  for (const auto& field : split(line, '|')) {
    const auto equals = field.find('=');
    if (equals != field.npos) fields[field.substr(0, equals)] = field.substr(equals + 1);
  }
  return fields;
}

Probed probe(const path& file, MediaKind kind, const std::vector<std::string>& options) {
  std::vector<std::string> command{"ffprobe", "-v", "error", "-select_streams", selector(kind)};
  command.insert(command.end(), options.begin(), options.end());
  for (const auto* word : {"-show_entries",
                           "stream=codec_name,width,height,sample_rate,channels,time_base:packet=pts,dts,"
                           "duration,size,pos,flags",
                           "-of", "compact"}) {
    command.emplace_back(word);
  }
  command.push_back(file.string());
  Probed probed;
  for (const auto& line : lines_of(run_tool(command))) {
    auto fields = fields_of(line);
    if (line.starts_with("stream|")) probed.stream = std::move(fields);
    if (!line.starts_with("packet|")) continue;
    probed.packets.push_back({std::stoll(fields.at("pts")), std::stoll(fields.at("dts")),
                              std::stoll(fields.at("duration")), std::stoul(fields.at("size")),
                              std::stoul(fields.at("pos")), fields.at("flags").starts_with("K")});
  }
  return probed;
}

std::size_t find(const Bytes& bytes, std::string_view letters) {
  const auto what = as_bytes(letters);
  const auto found = std::search(bytes.begin(), bytes.end(), what.begin(), what.end());
  if (found == bytes.end()) throw std::runtime_error(fmt::format("no box {}", letters));
  return static_cast<std::size_t>(found - bytes.begin());
}

// The content of the first box of that type, found by its letters.
Bytes box_content(const Bytes& bytes, std::string_view type) {
  const auto at = find(bytes, type);
  const auto size = ByteReader(ByteView(bytes).subspan(at - 4)).u32();
  const auto content = ByteView(bytes).subspan(at + 4, size - 8);
  return {content.begin(), content.end()};
}

// The DecoderSpecificInfo inside an esds box: tag 5, then its length in the four-byte form that ffmpeg
// writes.
Bytes audio_configuration(const Bytes& bytes) {
  const auto esds = box_content(bytes, "esds");
  const auto at = find(esds, std::string_view("\x05\x80\x80\x80", 4));
  const auto content = ByteView(esds).subspan(at + 5, esds.at(at + 4));
  return {content.begin(), content.end()};
}

CodecParameters parameters_of(const Probed& probed, MediaKind kind, const Bytes& bytes) {
  CodecParameters parameters;
  if (kind == MediaKind::kAudio) {
    parameters.codec = Codec::kAac;
    parameters.sample_rate = probed.number("sample_rate");
    parameters.timescale = parameters.sample_rate;
    parameters.channels = static_cast<std::uint16_t>(probed.number("channels"));
    parameters.configuration = audio_configuration(bytes);
    return parameters;
  }
  const bool avc = probed.stream.at("codec_name") == "h264";
  parameters.codec = avc ? Codec::kH264 : Codec::kH265;
  parameters.width = static_cast<std::uint16_t>(probed.number("width"));
  parameters.height = static_cast<std::uint16_t>(probed.number("height"));
  parameters.configuration = box_content(bytes, avc ? "avcC" : "hvcC");
  return parameters;
}

MediaTrack read_anew(const path& mp4, MediaKind kind) {
  auto bytes = read_file(mp4, 1u << 30);
  if (!bytes) throw std::runtime_error(bytes.error().message);
  MediaTrack track;
  const auto probed = probe(mp4, kind, {"-ignore_editlist", "1"});
  track.parameters = parameters_of(probed, kind, *bytes);
  const auto base = split(probed.stream.at("time_base"), '/');
  const auto scale = [&](std::int64_t ticks) {
    return ticks * std::stoll(base.at(0)) * track.parameters.timescale / std::stoll(base.at(1));
  };
  // How far the edit list moves the track: the first packet with and without it.
  const auto edited = probe(mp4, kind, {"-read_intervals", "%+#1"});
  const auto shift = probed.packets.at(0).presentation - edited.packets.at(0).presentation;
  for (const auto& packet : probed.packets) {
    const auto data = ByteView(*bytes).subspan(packet.position, packet.size);
    track.samples.push_back({Bytes(data.begin(), data.end()), scale(packet.decode - shift),
                             static_cast<std::uint32_t>(scale(packet.duration)),
                             static_cast<std::uint32_t>(scale(packet.presentation - packet.decode)),
                             packet.sync});
  }
  track.nominal_ticks = track.samples.at(0).duration;
  return track;
}

path scratch() {
  static const TemporaryDirectory directory;
  return directory.path();
}

}  // namespace

std::string run_tool(const std::vector<std::string>& command) {
  std::string line;
  for (const auto& word : command) {
    std::string quoted;
    for (const char c : word) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
    line += fmt::format("'{}' ", quoted);
  }
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(::popen((line + "</dev/null").c_str(), "r"),
                                                   [](FILE*) { return 0; });
  if (!pipe) throw std::runtime_error("cannot run " + line);
  std::string output;
  char block[65536];
  while (const auto count = std::fread(block, 1, sizeof block, pipe.get())) output.append(block, count);
  if (::pclose(pipe.get()) != 0) throw std::runtime_error("this failed: " + line);
  return output;
}

std::vector<std::string> split(const std::string& line, char separator) {
  std::vector<std::string> parts;
  std::size_t begin = 0;
  for (auto end = line.find(separator); end != line.npos; end = line.find(separator, begin)) {
    parts.push_back(line.substr(begin, end - begin));
    begin = end + 1;
  }
  parts.push_back(line.substr(begin));
  return parts;
}

std::vector<std::string> lines_of(const std::string& text) {
  auto lines = split(text, '\n');
  std::erase(lines, "");
  return lines;
}

// What ffprobe says of footage that does not change is asked once per process and kind.
MediaTrack read_media(const path& mp4, MediaKind kind) {
  if (mp4 != classroom_media() && mp4.parent_path() != scratch()) return read_anew(mp4, kind);
  static std::map<std::pair<path, MediaKind>, MediaTrack> known;
  const auto found = known.find({mp4, kind});
  if (found != known.end()) return found->second;
  return known.emplace(std::pair(mp4, kind), read_anew(mp4, kind)).first->second;
}

path classroom_media() {
  return path(SHILU_TEST_DATA) / "classroom.mp4";
}

path made_media(const MediaRecipe& r) {
  static std::map<std::string, path> made;
  const auto gop = std::to_string(r.keyframe_interval);
  const auto name = fmt::format("{}-b{}-{}s-{}-{}-{}-{}", r.video_encoder, r.b_frames, r.seconds, gop, r.rate,
                                r.size, r.sample_rate);
  if (const auto found = made.find(name); found != made.end()) return found->second;
  const auto file = scratch() / fmt::format("media{}.mp4", made.size());
  const auto closed =
      r.video_encoder == "libx265"
          ? std::vector<std::string>{"-x265-params", fmt::format("log-level=error:keyint={}:min-keyint={}:"
                                                                 "scenecut=0:open-gop=0:bframes={}",
                                                                 gop, gop, r.b_frames)}
          : std::vector<std::string>{
                "-g", gop, "-keyint_min", gop, "-sc_threshold", "0", "-bf", std::to_string(r.b_frames)};
  std::vector<std::string> command{
      "ffmpeg",   "-v",
      "error",    "-y",
      "-f",       "lavfi",
      "-i",       fmt::format("testsrc2=size={}:rate={}", r.size, r.rate),
      "-f",       "lavfi",
      "-i",       fmt::format("sine=frequency=220:beep_factor=3:sample_rate={}", r.sample_rate),
      "-t",       std::to_string(r.seconds),
      "-pix_fmt", "yuv420p",
      "-c:v",     r.video_encoder,
      "-preset",  "ultrafast"};
  command.insert(command.end(), closed.begin(), closed.end());
  // No noise substitution: what a decoder makes of it depends on where it began.
  for (const auto* word : {"-c:a", "aac", "-b:a", "64k", "-aac_pns", "0"}) command.emplace_back(word);
  command.push_back(file.string());
  run_tool(command);
  return made[name] = file;
}

std::vector<DecodedFrame> decode_video(const path& file) {
  const auto text = run_tool({"ffmpeg", "-v", "error", "-i", file.string(), "-map", "0:v:0", "-fps_mode",
                              "passthrough", "-copyts", "-enc_time_base", "-1", "-f", "framemd5", "-"});
  std::vector<DecodedFrame> frames;
  for (const auto& line : lines_of(text)) {
    if (line.starts_with("#")) continue;
    auto fields = split(line, ',');
    for (auto& field : fields) field.erase(0, field.find_first_not_of(' '));
    frames.push_back({std::stoll(fields.at(2)), fields.at(5)});
  }
  return frames;
}

Bytes decode_audio(const path& file) {
  return to_bytes(run_tool({"ffmpeg", "-v", "error", "-i", file.string(), "-map", "0:a:0", "-f", "s16le",
                            "-acodec", "pcm_s16le", "-"}));
}

}  // namespace shilu::test
