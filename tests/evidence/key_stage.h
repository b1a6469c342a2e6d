#pragma once
// Lessons and packages of chosen times, for attacks with keys and clocks.

#include "firmware/base/file_system.h"
#include "tests/evidence/attack_stage.h"

namespace shilu::test {

// Keys are certified and lessons recorded and sealed at 2026-05-28T20:26:40Z (ManualClock), the keys for two
// years.
inline WallTime at(std::string_view text) {
  return must(wall_from_rfc3339(text));
}

// Recorded and sealed at these times with keys of 2026-05-28.
struct Sealed {
  TemporaryDirectory directory;
  std::filesystem::path keys = directory / "keys";
  std::filesystem::path file = directory / "package.zip";

  Sealed(std::string_view recorded, std::string_view sealed, const TinyRecipe& recipe = {}) {
    TinyRecipe when = recipe;
    when.at = at(recorded);
    write_tiny_lesson(directory / "lesson", keys, when);
    ManualClock clock;
    clock.set_wall(at(sealed));
    must(build_package(request_of(directory / "lesson"), certified(keys, KeyRole::kSeal), clock, file));
  }
  std::string seal_key() const { return certified(keys, KeyRole::kSeal).key.public_key().id(); }
  evidence::VerifyReport verify_with(const evidence::VerifyOptions& options) const {
    return verify_file(file, options);
  }
};

inline evidence::VerifyOptions at_time(std::string_view now) {
  evidence::VerifyOptions options;
  options.now = at(now);
  return options;
}

inline evidence::VerifyOptions revoking(const std::string& key_id, std::string_view when) {
  evidence::VerifyOptions options;
  options.revocations =
      evidence::RevocationList{"Prefecture", "2026-12-01T00:00:00.000Z", {{key_id, at(when), "stolen"}}};
  return options;
}

}  // namespace shilu::test
