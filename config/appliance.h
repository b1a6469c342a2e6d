#pragma once
// The appliance's settings, from one TOML file (config/appliance.example.toml explains each). Unknown keys
// are errors that name the line and the nearest known key.

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "config/retention_settings.h"
#include "config/upload_settings.h"
#include "firmware/base/result.h"

namespace shilu::config {

struct SourceSettings {
  std::string name;  // "room"
  std::string url;  // rtsp://…, v4l2:///dev/video0, screen://:0, screen://portal, alsa://default, file:///…,
                    // test://pattern
  bool required = true;  // "recording" is shown only while this one is durable
  int value = 0;  // 1 to 9: where the disk has too little room, the least is given up first; 0: by its kind
  std::string transport = "auto";  // rtsp: auto, tcp, udp
  std::string user;                // rtsp; the password stands in a file of its own
  std::filesystem::path password_file;
};

struct ApplianceSettings {
  std::string device_name = "shilu";
  std::filesystem::path data_directory;     // lessons/, packages/, keys/, screens/, shilu.db
  std::filesystem::path runtime_directory;  // sockets
  std::vector<SourceSettings> sources;
  std::string listen_address = "0.0.0.0";
  std::uint16_t port = 8780;
  std::filesystem::path web_root;   // the built pages
  std::filesystem::path catalogue;  // ability points
  std::filesystem::path programmes;
  std::string programme = "cn-moe-2.0";
  std::vector<std::string> tiles;  // codes, at most 6
  std::string platform_url;        // empty: no upload
  std::string platform_claim;      // claim code for enrolment
  UploadSettings upload;
  RetentionSettings retention;
  std::uint64_t reserve_bytes = 2'000'000'000;  // must be free besides what a lesson needs, for it to begin
  std::int64_t pre_roll_s = 30;                 // kept in memory before a lesson; 0: never
  std::string time_stamp_server;                // RFC 3161 over HTTP; empty: none
  std::string tpm;  // TCTI of the TPM that holds the keys, "device:/dev/tpmrm0"; empty: files

  std::filesystem::path lessons_directory() const { return data_directory / "lessons"; }
  std::filesystem::path keys_directory() const { return data_directory / "keys"; }
};

Result<ApplianceSettings> load_appliance(const std::filesystem::path& toml_file);

// NAME=URL as the command line writes it; checks the name and the scheme.
Result<SourceSettings> parse_source_argument(std::string_view argument);

}  // namespace shilu::config
