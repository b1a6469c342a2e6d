#pragma once
// A quick look at sources: does a picture come, of what kind, how loud is it, what is wrong. In under 3 s a
// source, all at the same time, without disturbing a recording. Behind `shilu sources` and the check before a
// lesson.

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "capture/recorder/source_supervisor.h"
#include "firmware/base/bytes.h"
#include "firmware/base/json.h"

namespace shilu::monitor {

struct SurveyOptions {
  std::filesystem::path runtime_directory;  // a capture that runs there is asked; empty: none is
  std::filesystem::path capture_program;    // started for the others, for the time of the look
  Nanoseconds patience = std::chrono::milliseconds(2800);
};

struct PictureFacts {
  std::string codec;  // RFC 6381
  int width = 0;
  int height = 0;
  double pictures_per_second = 0;              // 0: not known yet
  std::optional<double> key_distance_seconds;  // nullopt: fewer than two key pictures came
  Bytes jpeg;                                  // the newest key picture; empty: it does not decode
};

struct SoundFacts {
  std::string codec;
  std::uint32_t sample_rate = 0;
  int channels = 0;
  double rms_dbfs = -120;  // the loudest tenth of a second
  double peak_dbfs = -120;
};

struct SourceFacts {
  std::string name;
  std::string kind;
  std::optional<PictureFacts> picture;
  std::optional<SoundFacts> sound;
  bool running = false;               // the recorder's capture was asked
  std::string code;                   // of docs/ref/sources.md; "" when something came
  std::vector<std::string> problems;  // sentences; empty: all is well
  Nanoseconds took{0};

  bool usable() const { return picture || sound; }
};

// Blocks for up to the patience and a moment; the first time on a machine for up to 30 s more. The facts are
// in the order of the sources.
std::vector<SourceFacts> survey(const std::vector<recorder::SourceSpec>& sources,
                                const SurveyOptions& options);

// What of this machine can be a source, and with `discover` which ONVIF cameras of its network (shilu-capture
// --list):
// {"devices":[{"kind","url","label","modes"}],"cameras":[{"address","onvif","name"}]}. kUnavailable: the
// drivers or sound servers do not answer in time.
enum class Discover { kNo, kNetwork };
Result<Json> list_devices(const SurveyOptions& options, Discover discover);

}  // namespace shilu::monitor
