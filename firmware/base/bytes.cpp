#include "firmware/base/bytes.h"

#include <fmt/format.h>

#include <array>

namespace shilu {
namespace {

constexpr std::string_view kHexDigits = "0123456789abcdef";
constexpr std::string_view kBase64Digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

constexpr std::uint8_t kNoDigit = 0xff;

constexpr std::array<std::uint8_t, 256> base64_values() {
  std::array<std::uint8_t, 256> values{};
  values.fill(kNoDigit);
  for (std::size_t i = 0; i < kBase64Digits.size(); ++i) {
    values[static_cast<std::uint8_t>(kBase64Digits[i])] = static_cast<std::uint8_t>(i);
  }
  return values;
}
constexpr auto kBase64Values = base64_values();

std::uint8_t hex_value(char digit) {
  if (digit >= '0' && digit <= '9') return static_cast<std::uint8_t>(digit - '0');
  if (digit >= 'a' && digit <= 'f') return static_cast<std::uint8_t>(digit - 'a' + 10);
  if (digit >= 'A' && digit <= 'F') return static_cast<std::uint8_t>(digit - 'A' + 10);
  return kNoDigit;
}

char base64_digit(std::uint32_t bits) {
  return kBase64Digits[bits & 63u];
}

template <typename T>
void put_big_endian(Bytes& out, T value) {
  for (int shift = static_cast<int>(sizeof(T)) * 8 - 8; shift >= 0; shift -= 8) {
    out.push_back(static_cast<std::uint8_t>(value >> shift));
  }
}

template <typename T>
T big_endian(ByteView bytes) {
  std::uint64_t value = 0;
  for (const auto byte : bytes) value = value << 8 | byte;
  return static_cast<T>(value);
}

}  // namespace

ByteView as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

std::string_view as_text(ByteView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

Bytes to_bytes(std::string_view text) {
  return {text.begin(), text.end()};
}

std::string to_hex(ByteView bytes) {
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const auto byte : bytes) {
    text.push_back(kHexDigits[byte >> 4]);
    text.push_back(kHexDigits[byte & 15u]);
  }
  return text;
}

Result<Bytes> from_hex(std::string_view text) {
  if (text.size() % 2 != 0)
    return fail(ErrorKind::kInvalidArgument, "hexadecimal text has an odd number of digits");
  Bytes bytes;
  bytes.reserve(text.size() / 2);
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const auto high = hex_value(text[i]);
    const auto low = hex_value(text[i + 1]);
    if (high == kNoDigit || low == kNoDigit) {
      return fail(ErrorKind::kInvalidArgument, fmt::format("no hexadecimal digit at position {}", i));
    }
    bytes.push_back(static_cast<std::uint8_t>(high << 4 | low));
  }
  return bytes;
}

std::string to_base64(ByteView bytes) {
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (; bytes.size() >= 3; bytes = bytes.subspan(3)) {
    const auto bits = big_endian<std::uint32_t>(bytes.first(3));
    for (const int shift : {18, 12, 6, 0}) text.push_back(base64_digit(bits >> shift));
  }
  if (bytes.size() == 1) {
    text.push_back(base64_digit(static_cast<std::uint32_t>(bytes[0]) >> 2));
    text.push_back(base64_digit(static_cast<std::uint32_t>(bytes[0]) << 4));
    text.append("==");
  } else if (bytes.size() == 2) {
    const auto bits = big_endian<std::uint32_t>(bytes);
    text.push_back(base64_digit(bits >> 10));
    text.push_back(base64_digit(bits >> 4));
    text.push_back(base64_digit(bits << 2));
    text.push_back('=');
  }
  return text;
}

Result<Bytes> from_base64(std::string_view text) {
  if (text.size() % 4 != 0)
    return fail(ErrorKind::kInvalidArgument, "base64 text is not a multiple of 4 long");
  std::size_t padding = 0;
  while (padding < 2 && padding < text.size() && text[text.size() - 1 - padding] == '=') ++padding;
  text.remove_suffix(padding);
  Bytes bytes;
  bytes.reserve(text.size() / 4 * 3 + 2);
  std::uint32_t bits = 0;
  int count = 0;
  for (const char digit : text) {
    const auto value = kBase64Values[static_cast<std::uint8_t>(digit)];
    if (value == kNoDigit)
      return fail(ErrorKind::kInvalidArgument, "base64 text has a character outside its alphabet");
    bits = (bits << 6 | value) & 0xffffffu;
    count += 6;
    if (count >= 8) {
      count -= 8;
      bytes.push_back(static_cast<std::uint8_t>(bits >> count));
    }
  }
  // Left-over bits that are not zero would give two spellings of the same bytes.
  if ((bits & ((1u << count) - 1u)) != 0)
    return fail(ErrorKind::kInvalidArgument, "base64 text is not canonical");
  return bytes;
}

void put_u8(Bytes& out, std::uint8_t value) {
  out.push_back(value);
}
void put_u16(Bytes& out, std::uint16_t value) {
  put_big_endian(out, value);
}
void put_u32(Bytes& out, std::uint32_t value) {
  put_big_endian(out, value);
}
void put_u64(Bytes& out, std::uint64_t value) {
  put_big_endian(out, value);
}
void put_bytes(Bytes& out, ByteView bytes) {
  out.insert(out.end(), bytes.begin(), bytes.end());
}

std::uint8_t ByteReader::u8() {
  return big_endian<std::uint8_t>(bytes(1));
}
std::uint16_t ByteReader::u16() {
  return big_endian<std::uint16_t>(bytes(2));
}
std::uint32_t ByteReader::u32() {
  return big_endian<std::uint32_t>(bytes(4));
}
std::uint64_t ByteReader::u64() {
  return big_endian<std::uint64_t>(bytes(8));
}

ByteView ByteReader::bytes(std::size_t count) {
  if (!ok_ || count > rest_.size()) {
    ok_ = false;
    return {};
  }
  const auto taken = rest_.first(count);
  rest_ = rest_.subspan(count);
  return taken;
}

}  // namespace shilu
