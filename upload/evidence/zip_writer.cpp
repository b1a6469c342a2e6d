#include "upload/evidence/zip_writer.h"

#include <fmt/format.h>

#include <utility>

namespace shilu::evidence {

Result<ZipWriter> ZipWriter::create(File& file, std::vector<PlannedEntry> planned, std::size_t prefix_size) {
  std::vector<ZipEntry> entries;
  std::uint64_t position = 0;
  for (PlannedEntry& one : planned) {
    if (!is_zip_name(one.name) || prefix_size + one.name.size() > kMaxZipName)
      return fail(ErrorKind::kInternal, fmt::format("\"{}\" cannot stand in a package", one.name));
    const std::uint64_t data = position + local_header_size(prefix_size + one.name.size(), one.size);
    entries.push_back({std::move(one.name), one.size, 0, position, data});
    position = data + one.size;
  }
  if (entries.size() > kMaxZipEntries) {
    return fail(ErrorKind::kInvalidArgument,
                fmt::format("a package holds at most {} files, not {}", kMaxZipEntries, entries.size()));
  }
  auto named = entries;
  for (ZipEntry& entry : named) entry.name.insert(0, prefix_size, 'x');
  return ZipWriter(file, std::move(entries), position, position + directory(named, position).size());
}

ZipWriter::ZipWriter(File& file, std::vector<ZipEntry> entries, std::uint64_t directory_offset,
                     std::uint64_t size)
    : file_(&file), entries_(std::move(entries)), directory_offset_(directory_offset), size_(size) {}

Status ZipWriter::append(std::size_t index, ByteView bytes) {
  ZipEntry& entry = entries_[index];
  if (bytes.size() > entry.size - written_) {
    return fail(ErrorKind::kFailedPrecondition, fmt::format("{} grew while it was being packed", entry.name));
  }
  sha_.update(bytes);
  entry.crc32 = crc32(bytes, entry.crc32);
  SHILU_CHECK(file_->write_at(entry.data_offset + written_, bytes));
  written_ += bytes.size();
  return {};
}

Result<Digest> ZipWriter::close(std::size_t index) {
  const ZipEntry& entry = entries_[index];
  if (std::exchange(written_, 0) != entry.size) {
    return fail(ErrorKind::kFailedPrecondition,
                fmt::format("{} became shorter while it was being packed", entry.name));
  }
  return std::exchange(sha_, Sha256()).finish();
}

Result<Digest> ZipWriter::write(std::size_t index, ByteView bytes) {
  SHILU_CHECK(append(index, bytes));
  return close(index);
}

Status ZipWriter::finish(std::string_view prefix) {
  for (ZipEntry& entry : entries_) {
    entry.name.insert(0, prefix);
    SHILU_CHECK(file_->write_at(entry.header_offset, local_header(entry)));
  }
  return file_->write_at(directory_offset_, directory(entries_, directory_offset_));
}

}  // namespace shilu::evidence
