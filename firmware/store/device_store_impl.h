#pragma once
// Inside this module: what the parts of DeviceStore share.

#include <fmt/format.h>

#include <mutex>
#include <tuple>

#include "firmware/store/database.h"
#include "firmware/store/device_store.h"

namespace shilu::store {

struct DeviceStore::Impl {
  Impl(Database opened, const Clock& given_clock) : database(std::move(opened)), clock(given_clock) {}

  std::int64_t now_ms() const { return clock.wall().ns / 1'000'000; }

  std::mutex mutex;  // guards `database`
  Database database;
  const Clock& clock;
  std::mutex
      pin_mutex;  // one Argon2id at a time: 64 MiB and a core each. Taken before `mutex`, never inside it
};

inline std::int64_t in_ms(Nanoseconds time) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(time).count();
}

inline tl::unexpected<Error> fail_unknown(std::string_view what, std::string_view id) {
  return fail(ErrorKind::kNotFound, fmt::format("there is no {} {}", what, id));
}

template <typename T>
Result<T> required(Result<std::optional<T>> found, std::string_view what, std::string_view id) {
  if (!found) return fail(std::move(found).error());
  if (!*found) return fail_unknown(what, id);
  return std::move(**found);
}

inline Status expect_change(const Result<std::int64_t>& changed, std::string_view what, std::string_view id) {
  if (!changed) return fail(changed.error());
  if (*changed == 0) return fail_unknown(what, id);
  return {};
}

// A text of a check constraint as its enum.
template <typename Enum, std::size_t N>
Result<Enum> state_from(std::string_view text, const Enum (&states)[N]) {
  for (const auto state : states) {
    if (to_string(state) == text) return state;
  }
  return fail(ErrorKind::kCorrupted, fmt::format("\"{}\" is no state", text));
}

}  // namespace shilu::store
