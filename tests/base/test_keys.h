#pragma once
// Keys of a device in tests: certified when a ManualClock begins, so that what such clocks sign is signed in
// time.

#include <stdexcept>

#include "firmware/base/certificate.h"

namespace shilu::test {

inline CertifiedKey certified(const std::filesystem::path& keys, KeyRole role) {
  const ManualClock clock;
  auto made = load_or_create_certified(keys, role, {"", &clock});
  if (!made) throw std::runtime_error(made.error().message);
  return std::move(*made);
}

}  // namespace shilu::test
