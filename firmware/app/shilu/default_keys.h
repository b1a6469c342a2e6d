#pragma once
// Where a device's keys are kept when nobody says otherwise.

#include <cstdlib>
#include <filesystem>

#include "firmware/base/result.h"

namespace shilu::cli {

// $XDG_DATA_HOME/shilu/keys or ~/.local/share/shilu/keys.
inline Result<std::filesystem::path> default_keys() {
  const auto set = [](const char* value) { return value != nullptr && *value != '\0'; };
  if (const char* data = std::getenv("XDG_DATA_HOME"); set(data))
    return std::filesystem::path(data) / "shilu" / "keys";
  if (const char* home = std::getenv("HOME"); set(home))
    return std::filesystem::path(home) / ".local" / "share" / "shilu" / "keys";
  return fail(ErrorKind::kInvalidArgument, "where are the device's keys? Give --keys DIR");
}

}  // namespace shilu::cli
