#pragma once
// The assessment platform on one machine, put together from its parts. Thread-bound; what runs inside has
// threads of its own.

#include <memory>

#include "upload/platform/context.h"

namespace shilu::platform {

class Platform {
 public:
  // Opens or makes everything under the settings' directory and begins to answer. Errors: kFailedPrecondition
  // names the port that is in use.
  static Result<std::unique_ptr<Platform>> start(PlatformSettings settings, config::Catalogue catalogue,
                                                 const std::filesystem::path& accounts, const Clock& clock);
  ~Platform();  // answers what runs, finishes the package in hand, ends
  std::uint16_t port() const;

 private:
  struct Parts;
  explicit Platform(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace shilu::platform
