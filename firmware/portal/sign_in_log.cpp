#include "firmware/portal/sign_in_log.h"

#include "firmware/base/json_io.h"

namespace shilu::portal {

SignInLog::~SignInLog() {
  write_count();
}

void SignInLog::add(Try what, const Json& members) {
  const std::lock_guard lock(mutex_);
  if (what == Try::kNotLookedAt) ++counted_;
  if (clock_.monotonic() >= next_) write_count();
  if (what != Try::kNotLookedAt) append_(what == Try::kGood ? "sign-in" : "sign-in-failed", members);
}

void SignInLog::write_count() {
  if (counted_ == 0) return;
  append_("sign-in-refused", Json{{"count", counted_}});
  counted_ = 0;
  next_ = clock_.monotonic() + kInterval;
}

}  // namespace shilu::portal
