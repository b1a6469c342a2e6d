#include "capture/live/key_mender.h"

#include <fmt/format.h>

#include <algorithm>

#include "capture/live/onvif.h"

namespace shilu::live {

void KeyMender::begin() {
  if (source_.onvif.empty() || thread_.joinable()) return;
  thread_ = std::jthread([this](const std::stop_token& stop) { mend(stop); });
}

std::string KeyMender::outcome() {
  const std::lock_guard lock(mutex_);
  return outcome_;
}

void KeyMender::mend(const std::stop_token& stop) {
  const auto& address = source_.location;
  const auto path = address.substr(std::min(address.find('/', address.find("://") + 3), address.size()));
  const auto done = set_key_distance_of_a_second(source_.onvif, {source_.user, source_.password}, path, stop);
  const std::lock_guard lock(mutex_);
  outcome_ = done ? *done : fmt::format("It could not be set over ONVIF: {}.", done.error().message);
}

}  // namespace shilu::live
