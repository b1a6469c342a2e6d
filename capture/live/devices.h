#pragma once
// What of this machine can be a source: cameras, microphones, screens. Asks the drivers and the sound
// servers, which may hang; so it is run in a process of its own (shilu-capture --list).

#include <string>
#include <vector>

namespace shilu::live {

struct FoundDevice {
  std::string kind;                // "v4l2", "alsa", "pulse", "pipewire", "screen"
  std::string url;                 // as --source takes it: "v4l2:///dev/video0"
  std::string label;               // as the driver names it
  std::vector<std::string> modes;  // "1920x1080 MJPEG 30/s", "48000 Hz stereo"; at most 12, the largest first
};

std::vector<FoundDevice> find_devices();

}  // namespace shilu::live
