#pragma once
// Builds the front of a pipeline for each kind of source. docs/ref/sources.md.

#include <functional>
#include <stop_token>

#include "capture/live/assembly.h"
#include "capture/live/screen_consent.h"
#include "capture/live/source_spec.h"

namespace shilu::live {

enum class Transport { kTcp, kUdp };  // of RTP, for rtsp

// For a screen that somebody has to allow.
struct Invitation {
  ScreenConsent& consent;
  std::function<void()> asking;  // called before somebody is asked, who may take long
  std::stop_token stop;          // withdraws the question
};

// What the assembly must know about the source beforehand. kInvalidArgument: an option is out of range.
Result<AssemblyOptions> assembly_options_for(const SourceSpec& spec);

// Puts the source into the assembly. Nothing is opened before the assembly starts, but for a shared screen:
// that blocks until somebody has agreed.
Status build_source(Assembly& assembly, const SourceSpec& spec, Transport transport,
                    const Invitation& invitation);

Status build_rtsp(Assembly& assembly, const SourceSpec& spec, Transport transport);
Status build_file(Assembly& assembly, const SourceSpec& spec);
Status build_v4l2(Assembly& assembly, const SourceSpec& spec);
Status build_screen(Assembly& assembly, const SourceSpec& spec);
Status build_shared_screen(Assembly& assembly, const SourceSpec& spec, const Invitation& invitation);
Status build_microphone(Assembly& assembly, const SourceSpec& spec);  // alsa, pulse, pipewire
Status build_test(Assembly& assembly, const SourceSpec& spec);

Result<int> screen_rate(const SourceSpec& spec);  // pictures a second
// What is attached behind the bin's element "source" later may like another format better; the source keeps
// the one that it began with.
void keep_first_format(GstElement* bin);

}  // namespace shilu::live
