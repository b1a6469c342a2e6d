#pragma once
// Builds the front of a pipeline for each kind of source. docs/ref/sources.md.

#include "capture/live/assembly.h"
#include "capture/live/source_spec.h"

namespace shilu::live {

enum class Transport { kTcp, kUdp };  // of RTP, for rtsp

// What the assembly must know about the source beforehand. kInvalidArgument: an option is out of range.
Result<AssemblyOptions> assembly_options_for(const SourceSpec& spec);

// Puts the source into the assembly. Nothing is opened before the assembly starts.
Status build_source(Assembly& assembly, const SourceSpec& spec, Transport transport);

Status build_rtsp(Assembly& assembly, const SourceSpec& spec, Transport transport);
Status build_file(Assembly& assembly, const SourceSpec& spec);
Status build_v4l2(Assembly& assembly, const SourceSpec& spec);
Status build_screen(Assembly& assembly, const SourceSpec& spec);
Status build_microphone(Assembly& assembly, const SourceSpec& spec);  // alsa, pulse, pipewire
Status build_test(Assembly& assembly, const SourceSpec& spec);

}  // namespace shilu::live
