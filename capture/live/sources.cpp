#include "capture/live/sources.h"

namespace shilu::live {
namespace {

// The window of the jitter buffer's estimate is 2 s; a first sender report comes within 3.1 s (RFC 3550 6.2,
// A.7).
constexpr SettlerTimes kSettling{std::chrono::milliseconds(2100), std::chrono::milliseconds(4000)};
constexpr int kPictureRate = 25;
constexpr int kScreenRate = 15;  // a hand that writes is smooth, and one core encodes it

}  // namespace

Result<AssemblyOptions> assembly_options_for(const SourceSpec& spec) {
  AssemblyOptions options;
  if (spec.kind == "rtsp") options.settling = kSettling;
  options.live = spec.kind != "file";
  SHILU_TRY(options.frames_per_second,
            spec.kind == "screen" ? screen_rate(spec) : spec.number("fps", kPictureRate, 1, 60));
  return options;
}

Result<int> screen_rate(const SourceSpec& spec) {
  return spec.number("fps", kScreenRate, 1, 60);
}

Status build_source(Assembly& assembly, const SourceSpec& spec, Transport transport,
                    const Invitation& invitation) {
  if (spec.kind == "rtsp") return build_rtsp(assembly, spec, transport);
  if (spec.kind == "file") return build_file(assembly, spec);
  if (spec.kind == "v4l2") return build_v4l2(assembly, spec);
  if (spec.is_shared_screen()) return build_shared_screen(assembly, spec, invitation);
  if (spec.kind == "screen") return build_screen(assembly, spec);
  if (spec.kind == "test") return build_test(assembly, spec);
  return build_microphone(assembly, spec);
}

}  // namespace shilu::live
