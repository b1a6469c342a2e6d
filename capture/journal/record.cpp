#include "capture/journal/record.h"

#include <fmt/format.h>

#include "capture/journal/event_json.h"
#include "firmware/base/json_io.h"

namespace shilu::journal {
namespace {

constexpr std::uint8_t kFragmentType = 1;
constexpr std::uint8_t kEventType = 2;
constexpr std::uint8_t kVersion = 1;
constexpr std::size_t kFragmentBody = 112;
constexpr std::size_t kFrame = 8;  // length and CRC
// A year in the fastest ticks, and more than any disk holds: what keeps sums of them far from the end of 64
// bits.
constexpr std::int64_t kMaxTicks = std::int64_t{1} << 57;
constexpr std::uint64_t kMaxOffset = std::uint64_t{1} << 60;

Bytes body_of(const FragmentRecord& f) {
  Bytes out;
  put_u8(out, kFragmentType);
  put_u8(out, kVersion);
  put_u16(out, f.track);
  put_u16(out, f.epoch);
  put_u16(out, f.flags);
  put_u32(out, f.sequence);
  put_u32(out, f.size);
  put_u64(out, f.offset);
  put_u64(out, static_cast<std::uint64_t>(f.start_ticks));
  put_u64(out, f.duration_ticks);
  put_u32(out, f.samples);
  put_u32(out, f.samples_expected);
  put_bytes(out, f.fragment_sha256);
  put_bytes(out, f.payload_sha256);
  return out;
}

Bytes body_of(const EventRecord& event) {
  Bytes out{kEventType, kVersion};
  put_bytes(out, as_bytes(canonical_json(event_to_json(event))));
  return out;
}

void read_digest(ByteReader& reader, Digest& out) {
  const auto bytes = reader.bytes(out.size());
  if (reader.ok()) std::copy(bytes.begin(), bytes.end(), out.begin());
}

// Behind type and version.
Result<Record> read_fragment(ByteReader reader) {
  FragmentRecord f;
  f.track = reader.u16();
  f.epoch = reader.u16();
  f.flags = reader.u16();
  f.sequence = reader.u32();
  f.size = reader.u32();
  f.offset = reader.u64();
  f.start_ticks = static_cast<std::int64_t>(reader.u64());
  f.duration_ticks = reader.u64();
  f.samples = reader.u32();
  f.samples_expected = reader.u32();
  read_digest(reader, f.fragment_sha256);
  read_digest(reader, f.payload_sha256);
  const bool in_range = f.start_ticks >= -kMaxTicks && f.start_ticks <= kMaxTicks &&
                        f.duration_ticks <= static_cast<std::uint64_t>(kMaxTicks) && f.offset <= kMaxOffset;
  if (!in_range)
    return fail(ErrorKind::kCorrupted,
                fmt::format("fragment {} has a time or a place out of range", f.sequence));
  return f;
}

// A body whose CRC was right.
Result<Record> read_body(ByteView body) {
  ByteReader reader(body);
  const auto type = reader.u8();
  const auto version = reader.u8();
  if (!reader.ok() || version != kVersion) {
    return fail(ErrorKind::kCorrupted, fmt::format("a record of version {} is unknown", version));
  }
  if (type == kFragmentType && body.size() == kFragmentBody) return read_fragment(reader);
  if (type == kEventType) {
    SHILU_TRY(auto event, event_from_json(as_text(body.subspan(2))));
    return event;
  }
  return fail(ErrorKind::kCorrupted,
              fmt::format("a record of type {} and {} bytes is unknown", type, body.size()));
}

}  // namespace

Bytes frame(ByteView body) {
  Bytes out;
  out.reserve(kFrame + body.size());
  put_u32(out, static_cast<std::uint32_t>(body.size()));
  put_u32(out, crc32(body));
  put_bytes(out, body);
  return out;
}

std::optional<Framed> unframe(ByteView bytes) {
  ByteReader reader(bytes);
  const std::size_t size = reader.u32();
  const auto crc = reader.u32();
  if (!reader.ok() || size == 0 || size > kMaxRecordBody || size > reader.remaining()) return std::nullopt;
  const auto body = reader.bytes(size);
  if (crc32(body) != crc) return std::nullopt;
  return Framed{body, kFrame + size};
}

Bytes encode(const Record& record) {
  return frame(std::visit([](const auto& one) { return body_of(one); }, record));
}

Result<std::optional<DecodedRecord>> decode(ByteView bytes) {
  const auto framed = unframe(bytes);
  if (!framed) return std::nullopt;
  SHILU_TRY(auto record, read_body(framed->body));
  return DecodedRecord{std::move(record), framed->size};
}

}  // namespace shilu::journal
