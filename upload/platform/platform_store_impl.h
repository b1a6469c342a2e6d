#pragma once
// Inside this module: what the parts of PlatformStore share.

#include <mutex>
#include <tuple>

#include "firmware/base/ids.h"
#include "firmware/store/database.h"
#include "upload/platform/platform_store.h"

namespace shilu::platform {

struct PlatformStore::Impl {
  Impl(store::Database opened, const Clock& given) : database(std::move(opened)), clock(given) {}
  std::int64_t now_ms() const { return clock.wall().ns / 1'000'000; }

  std::mutex mutex;  // guards `database`
  store::Database database;
  const Clock& clock;
  std::mutex pin_mutex;  // one Argon2id at a time. Taken before `mutex`, never inside it
};

// A step that changed no row was not open.
inline Status expect_step(const Result<std::int64_t>& changed, std::string_view sentence) {
  if (!changed) return fail(changed.error());
  if (*changed == 0) return fail(ErrorKind::kFailedPrecondition, std::string(sentence));
  return {};
}

inline Status done(const Result<std::int64_t>& changed) {
  if (!changed) return fail(changed.error());
  return {};
}

}  // namespace shilu::platform
