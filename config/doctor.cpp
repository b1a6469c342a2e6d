#include "config/doctor.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "firmware/base/file_system.h"
#include "firmware/base/json_io.h"

namespace shilu::config {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kLesson = 2'000'000'000;    // 45 min of two tracks at 3 Mbit/s each
constexpr std::int64_t kTolerableError_ms = 2'000;  // evidence times are shown to the second

// The part of a path that exists.
fs::path existing_part(fs::path path) {
  std::error_code ignored;
  while (!path.empty() && path != path.parent_path() && !fs::exists(path, ignored)) path = path.parent_path();
  return path.empty() ? "." : path;
}

HealthCheck check_directory(const ApplianceSettings& settings) {
  const fs::path there = existing_part(settings.data_directory);
  if (::access(there.c_str(), W_OK) == 0) {
    return {"data", Health::kOk, fmt::format("Recordings go to {}.", settings.data_directory.string())};
  }
  return {
      "data", Health::kCritical,
      fmt::format("{} cannot be written to; nothing can be recorded. Give it to the user that runs Shilu.",
                  there.string())};
}

HealthCheck check_disk(const ApplianceSettings& settings) {
  const auto free = posix_file_system().free_bytes(existing_part(settings.data_directory));
  if (!free)
    return {"disk", Health::kCritical, "The disk for recordings cannot be asked: " + free.error().message};
  const std::uint64_t usable = *free > settings.reserve_bytes ? *free - settings.reserve_bytes : 0;
  const std::string left = fmt::format("{:.1f} GB are free for recordings, about {} lessons.",
                                       static_cast<double>(usable) / 1e9, usable / kLesson);
  if (usable == 0)
    return {"disk", Health::kCritical, "The disk is full; recording is refused. Free some space."};
  return {"disk", usable < 3 * kLesson ? Health::kWarning : Health::kOk, left};
}

HealthCheck check_clock(const Clock& clock) {
  const ClockQuality quality = clock.quality();
  if (!quality.synchronised) {
    return {"clock", Health::kWarning,
            "The clock is not synchronised; recordings stay whole, but assessors see that their times are "
            "uncertain. Set up an NTP server."};
  }
  if (quality.error_ms > kTolerableError_ms) {
    return {"clock", Health::kWarning, fmt::format("The clock may be off by {} ms.", quality.error_ms)};
  }
  return {"clock", Health::kOk, fmt::format("The clock is synchronised, to within {} ms.", quality.error_ms)};
}

HealthCheck check_keys(const ApplianceSettings& settings) {
  const fs::path key = settings.keys_directory() / "device.key";
  struct stat status {};
  if (::stat(key.c_str(), &status) != 0) {
    return {"keys", Health::kWarning,
            "The device has no key yet; it is made when Shilu starts for the first time."};
  }
  if ((status.st_mode & 077) != 0) {
    return {"keys", Health::kCritical,
            fmt::format("{} can be read by others; run: chmod 600 {}", key.string(), key.string())};
  }
  return {"keys", Health::kOk, "The device key is there and readable by Shilu alone."};
}

HealthCheck check_sources(const ApplianceSettings& settings) {
  const auto required = std::count_if(settings.sources.begin(), settings.sources.end(),
                                      [](const auto& one) { return one.required; });
  if (required == 0) {
    return {"sources", Health::kCritical,
            "No required camera is set; add a [[source]] block to the settings."};
  }
  for (const SourceSettings& source : settings.sources) {
    if (source.password_file.empty() || ::access(source.password_file.c_str(), R_OK) == 0) continue;
    return {"sources", Health::kCritical,
            fmt::format("The password file of \"{}\", {}, cannot be read.", source.name,
                        source.password_file.string())};
  }
  return {"sources", Health::kOk,
          fmt::format("{} sources are set, {} of them required.", settings.sources.size(), required)};
}

HealthCheck check_pages(const ApplianceSettings& settings) {
  std::error_code ignored;
  if (fs::exists(settings.web_root / "index.html", ignored))
    return {"pages", Health::kOk, "The pages are installed."};
  return {"pages", Health::kCritical,
          fmt::format("There are no pages in \"{}\"; teachers cannot reach the recorder.",
                      settings.web_root.string())};
}

HealthCheck check_platform(const ApplianceSettings& settings) {
  if (settings.platform_url.empty()) {
    return {"platform", Health::kWarning, "No platform is set; evidence stays on this device."};
  }
  if (settings.platform_url.starts_with("http://") && !settings.platform_url.starts_with("http://127.")) {
    return {"platform", Health::kWarning,
            fmt::format("{} is not encrypted; ask for its https address.", settings.platform_url)};
  }
  return {"platform", Health::kOk, fmt::format("Evidence goes to {}.", settings.platform_url)};
}

// The files that [upload] names, each with what it is for.
std::vector<std::pair<std::string, fs::path>> upload_files(const UploadSettings& upload) {
  std::vector<std::pair<std::string, fs::path>> files = {{"ca_file", upload.ca_file},
                                                         {"client_certificate", upload.client_certificate},
                                                         {"client_key", upload.client_key},
                                                         {"proxy_password_file", upload.proxy_password_file}};
  if (!upload.pac.empty() && upload.pac.find("://") == std::string::npos)
    files.emplace_back("pac", upload.pac);
  std::erase_if(files, [](const auto& one) { return one.second.empty(); });
  return files;
}

std::string upload_way(const UploadSettings& upload) {
  if (!upload.pac.empty()) return fmt::format("by the proxy that {} names", upload.pac);
  if (upload.proxy == "direct") return "without a proxy";
  return upload.proxy.empty() ? "as the environment says" : fmt::format("by {}", upload.proxy);
}

HealthCheck check_upload(const ApplianceSettings& settings) {
  const UploadSettings& upload = settings.upload;
  for (const auto& [key, file] : upload_files(upload)) {
    if (::access(file.c_str(), R_OK) == 0) continue;
    return {"upload", Health::kCritical,
            fmt::format("{}, set as {}, cannot be read; nothing can be uploaded.", file.string(), key)};
  }
  if (upload.pinned_keys.size() == 1) {
    return {"upload", Health::kWarning,
            "Only one key of the platform is pinned; when the platform changes it, uploads stop. Pin its "
            "spare key too."};
  }
  if (upload.forbidden_hours.minutes_left(0) == kMinutesPerWeek)
    return {"upload", Health::kWarning, "forbidden_hours cover the whole week; nothing is ever uploaded."};
  return {"upload", Health::kOk,
          fmt::format("Uploads go out {}; limit while a lesson is recorded: {} a second.", upload_way(upload),
                      rate_text(upload.while_recording))};
}

}  // namespace

std::string_view to_string(Health health) {
  switch (health) {
    case Health::kOk:
      return "ok";
    case Health::kWarning:
      return "warning";
    case Health::kCritical:
      return "critical";
  }
  return "critical";
}

std::vector<HealthCheck> examine(const ApplianceSettings& settings, const Clock& clock) {
  return {check_directory(settings), check_disk(settings),  check_clock(clock),       check_keys(settings),
          check_sources(settings),   check_pages(settings), check_platform(settings), check_upload(settings)};
}

Health worst(const std::vector<HealthCheck>& checks) {
  Health result = Health::kOk;
  for (const HealthCheck& check : checks) result = std::max(result, check.health);
  return result;
}

Json to_json(const std::vector<HealthCheck>& checks) {
  Json list = Json::array();
  for (const HealthCheck& check : checks) {
    list.push_back({{"id", check.id}, {"status", to_string(check.health)}, {"text", check.text}});
  }
  return {{"checks", std::move(list)}};
}

}  // namespace shilu::config
