#include "upload/platform/room.h"

#include <fmt/format.h>

namespace shilu::platform {
namespace {

constexpr std::uint64_t kShareOfDevice = 4;  // one of so many

// What uploads may fill: all that is free but the reserve.
Result<std::uint64_t> room(const Context& context) {
  SHILU_TRY(const std::uint64_t free, posix_file_system().free_bytes(context.settings.directory));
  return free < context.settings.reserve ? 0 : free - context.settings.reserve;
}

}  // namespace

Result<std::optional<http::Response>> refuse_size(const Context& context, const Device& device,
                                                  std::int64_t size_bytes) {
  const auto size = static_cast<std::uint64_t>(size_bytes);
  if (size > context.settings.max_package) {
    return http::problem(413, "too-large",
                         fmt::format("A package may have at most {} bytes.", context.settings.max_package));
  }
  SHILU_TRY(const std::uint64_t left, room(context));
  SHILU_TRY(const std::int64_t promised, context.store.bytes_still_to_come());
  if (left < static_cast<std::uint64_t>(promised) + size)
    return http::problem(507, "no-space", "The platform's disk is full for now; try again later.");
  SHILU_TRY(const std::int64_t of_device, context.store.bytes_still_to_come(device.id));
  if (of_device > 0 && left / kShareOfDevice < static_cast<std::uint64_t>(of_device) + size)
    return http::problem(
        507, "device-quota",
        "The platform waits for other uploads of this device; try again when they are done.");
  return std::nullopt;
}

Status check_room(const Context& context, std::int64_t size_bytes) {
  SHILU_TRY(const std::uint64_t left, room(context));
  if (left < static_cast<std::uint64_t>(size_bytes))
    return fail(ErrorKind::kStorageFull, "the disk has no room for it for now");
  return {};
}

}  // namespace shilu::platform
