#include "upload/evidence/zip_writer.h"

#include <fmt/format.h>

namespace shilu::evidence {

Result<Digest> ZipWriter::add(const std::string& name, std::uint64_t size, const Source& source) {
  if (!is_zip_name(name))
    return fail(ErrorKind::kInternal, fmt::format("\"{}\" cannot stand in a package", name));
  ZipEntry entry{name, size, 0, position_, position_ + local_header_size(name, size)};
  Sha256 sha;
  std::uint64_t at = entry.data_offset;
  while (true) {
    SHILU_TRY(const Bytes bytes, source());
    if (bytes.empty()) break;
    sha.update(bytes);
    entry.crc32 = crc32(bytes, entry.crc32);
    SHILU_CHECK(file_.write_at(at, bytes));
    at += bytes.size();
  }
  if (at - entry.data_offset != size) {
    return fail(ErrorKind::kFailedPrecondition,
                fmt::format("{} changed its size while it was being packed", name));
  }
  SHILU_CHECK(file_.write_at(entry.header_offset, local_header(entry)));
  position_ = at;
  entries_.push_back(std::move(entry));
  return sha.finish();
}

Result<Digest> ZipWriter::add(const std::string& name, ByteView bytes) {
  return add(name, bytes.size(), [rest = Bytes(bytes.begin(), bytes.end())]() mutable -> Result<Bytes> {
    return std::exchange(rest, {});
  });
}

Result<std::uint64_t> ZipWriter::finish() {
  const Bytes tail = directory(entries_, position_);
  SHILU_CHECK(file_.write_at(position_, tail));
  return position_ + tail.size();
}

}  // namespace shilu::evidence
