#pragma once
// Inside this module: what the parts of PlatformStore share.

#include <mutex>
#include <semaphore>
#include <tuple>

#include "firmware/base/ids.h"
#include "firmware/store/database.h"
#include "upload/platform/platform_store.h"

namespace shilu::platform {

struct PlatformStore::Impl {
  Impl(store::Database opened, const Clock& given, PasswordCost cost)
      : database(std::move(opened)), clock(given), password_cost(cost) {}
  std::int64_t now_ms() const { return clock.wall().ns / 1'000'000; }

  Result<SignIn> sign_in(std::string_view assessor_id, std::string_view pin, std::string_view address);

  std::mutex mutex;  // guards `database`
  store::Database database;
  const Clock& clock;
  const PasswordCost password_cost;
  std::mutex pin_mutex;                   // one Argon2id at a time. Taken before `mutex`, never inside it
  std::counting_semaphore<> sign_ins{3};  // how many may wait for it: the other requests need their threads
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
