#pragma once
// The little of ONVIF (Media service 1.0, ver10) that a recorder needs of a camera: how far its key pictures
// lie apart, to set that, and to ask for one now. SOAP 1.2 with a WS-UsernameToken digest (WSS Username Token
// Profile 1.0), whose time is the camera's own. Sources: onvif.org core and media service
// specifications 20.12. Cameras that want HTTP digest instead, or only Media 2 (H.265), are refused with
// their words. Thread-bound; calls block, but all of a camera's for at most OnvifCamera::kPatience, and not
// beyond the stop.

#include <stop_token>
#include <string>
#include <vector>

#include "firmware/base/clock.h"
#include "firmware/base/result.h"

namespace shilu::live {

struct SoapAnswer;

struct OnvifAccount {
  std::string user;
  std::string password;
};

struct OnvifProfile {
  std::string token;
  std::string stream_path;  // of its RTSP URL: "/stream1"; empty when the camera does not tell
  std::string encoder_token;
  std::string encoding;  // "H264"
  int frames_per_second = 0;
  int pictures_per_key = 0;  // GovLength
};

class OnvifCamera {
 public:
  // kUnavailable, kTimedOut; kPermissionDenied: the camera refuses the account; kCorrupted: it answers
  // something else.
  static Result<OnvifCamera> open(const std::string& device_url, OnvifAccount account, std::stop_token stop);
  static constexpr Nanoseconds kPatience = std::chrono::seconds(10);
  static constexpr std::size_t kMostProfiles = 16;

  Result<std::vector<OnvifProfile>> profiles();  // the first kMostProfiles
  // Everything else of the encoder's settings is given back as it was.
  Status set_pictures_per_key(const OnvifProfile& profile, int pictures);
  Status ask_for_key_picture(const OnvifProfile& profile);

 private:
  OnvifCamera(const std::string& device_url, OnvifAccount account, std::stop_token stop);
  Result<SoapAnswer> ask(const std::string& body);  // with the account

  std::string url_;  // of the service that is asked
  OnvifAccount account_;
  std::stop_token stop_;
  MonotonicTime until_;
  std::int64_t clock_offset_s_ = 0;  // the camera's clock less ours
};

// A key picture a second for the stream of this path (or for the only one that there is), and one now. Gives
// a sentence of what was done. kFailedPrecondition: none of several streams has this path.
Result<std::string> set_key_distance_of_a_second(const std::string& device_url, const OnvifAccount& account,
                                                 const std::string& stream_path, std::stop_token stop = {});

struct DiscoveredCamera {
  std::string address;     // who answered: "10.0.0.8"
  std::string device_url;  // its device service
  std::string name;        // of its scopes; may be empty
};

// WS-Discovery 2005/04: asks the networks of this machine and collects answers for `seconds`.
Result<std::vector<DiscoveredCamera>> discover_cameras(double seconds,
                                                       const std::string& group = "239.255.255.250");

}  // namespace shilu::live
