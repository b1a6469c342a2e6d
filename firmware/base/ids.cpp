#include "firmware/base/ids.h"

#include <algorithm>
#include <atomic>

#include "firmware/base/clock.h"
#include "firmware/base/digest.h"

namespace shilu {
namespace {

// Milliseconds and a 12-bit fraction of one, never the same twice in a process (RFC 9562, 6.2, method 3).
std::uint64_t next_tick() {
  static std::atomic<std::uint64_t> last{0};
  constexpr std::uint64_t kNsPerMs = 1'000'000;
  const auto ns = static_cast<std::uint64_t>(SystemClock().wall().ns);
  const std::uint64_t now = (ns / kNsPerMs) << 12 | (ns % kNsPerMs) * 4096 / kNsPerMs;
  auto previous = last.load();
  std::uint64_t next = 0;
  do {
    next = std::max(now, previous + 1);
  } while (!last.compare_exchange_weak(previous, next));
  return next;
}

}  // namespace

std::string new_uuid() {
  const auto tick = next_tick();
  Bytes bytes;
  put_u64(bytes, tick >> 12 << 16 | 0x7000u | (tick & 0xfffu));
  put_bytes(bytes, random_bytes(8));
  bytes[8] = static_cast<std::uint8_t>((bytes[8] & 0x3fu) | 0x80u);
  auto text = to_hex(ByteView(bytes));
  for (const std::size_t position : {8u, 13u, 18u, 23u}) text.insert(position, 1, '-');
  return text;
}

bool is_uuid(std::string_view text) {
  if (text.size() != 36) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool hyphen = i == 8 || i == 13 || i == 18 || i == 23;
    const bool hex = (text[i] >= '0' && text[i] <= '9') || (text[i] >= 'a' && text[i] <= 'f');
    if (hyphen ? text[i] != '-' : !hex) return false;
  }
  return true;
}

std::string new_token() {
  auto text = to_base64(random_bytes(32));
  std::replace(text.begin(), text.end(), '+', '-');
  std::replace(text.begin(), text.end(), '/', '_');
  while (text.back() == '=') text.pop_back();
  return text;
}

}  // namespace shilu
