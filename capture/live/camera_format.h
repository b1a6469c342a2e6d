#pragma once
// Which of the formats that a V4L2 camera offers is recorded. After initialise() (capture.h).

#include <string>

namespace shilu::live {

struct CameraFormat {
  int width = 0;
  int height = 0;
  int rate = 0;  // pictures a second, at most; more only from a camera that offers no fewer
};

// Caps as text, in the order of preference: what the camera compresses itself comes first, for USB carries HD
// only so. `offered` is what its driver tells, as caps; "": not known. Where nothing of it fits, what was
// wanted.
std::string camera_caps(const CameraFormat& wanted, const std::string& offered);

}  // namespace shilu::live
