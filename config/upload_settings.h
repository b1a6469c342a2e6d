#pragma once
// [upload] of the appliance's settings: by which way, how fast and when. Values only; the sender acts on
// them.

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "config/bandwidth.h"

namespace shilu::config {

struct UploadSettings {
  // The way out. At most one of proxy and pac; none: the environment's proxy, as other programs use it.
  std::string proxy;  // "http://host:port", "https://…", "socks5h://…" or "direct"
  std::string proxy_user;
  std::filesystem::path proxy_password_file;
  std::string pac;  // http(s) address or file of a proxy auto-configuration script

  // Whom to believe.
  std::filesystem::path ca_file;  // the school's own certification authority; empty: the system's
  std::vector<std::string>
      pinned_keys;  // "sha256//base64" of the platform's public keys, the spare one among them
  std::filesystem::path client_certificate, client_key;  // mutual TLS

  // Manners.
  BandwidthTimetable limit;
  std::optional<std::uint64_t> while_recording = 1u << 20;  // bytes per second; nullopt: no limit of its own
  bool yield_to_others = true;                              // slow down when the line's delay grows
  ForbiddenHours forbidden_hours;
  std::vector<std::string>
      metered_interfaces;  // "wwan0": only what a person sends with "send now" goes out there
};

}  // namespace shilu::config
