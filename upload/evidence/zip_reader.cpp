#include "upload/evidence/zip_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "firmware/base/digest.h"

namespace shilu::evidence {
namespace {

constexpr std::size_t kFixedHeader = 30;
constexpr std::size_t kBlock = 1u << 20;

template <typename... Args>
tl::unexpected<Error> altered(std::uint64_t offset, fmt::format_string<Args...> format, Args&&... args) {
  return fail(ErrorKind::kCorrupted,
              fmt::format("byte {}: {}", offset, fmt::format(format, std::forward<Args>(args)...)));
}

std::uint64_t little(ByteView bytes, std::size_t offset, std::size_t size) {
  std::uint64_t value = 0;
  for (std::size_t i = size; i-- > 0;) value = value << 8 | bytes[offset + i];
  return value;
}

bool starts_local_header(ByteView bytes) {
  return bytes.size() >= 4 && little(bytes, 0, 4) == 0x0403'4b50;
}

// The entry whose local header stands at `offset`; its header must be the one that we would write.
Result<ZipEntry> read_local(File& file, std::uint64_t offset, std::uint64_t file_size) {
  SHILU_TRY(const Bytes head, file.read_at(offset, kFixedHeader + kMaxZipName + 20));
  if (head.size() < kFixedHeader) return altered(offset, "the file ends inside a local header");
  const std::size_t name_size = little(head, 26, 2);
  const std::size_t extra_size = little(head, 28, 2);
  if (name_size > kMaxZipName || (extra_size != 0 && extra_size != 20)) {
    return altered(offset, "a local header that no package has");
  }
  if (head.size() < kFixedHeader + name_size + extra_size)
    return altered(offset, "the file ends inside a local header");
  ZipEntry entry;
  entry.name = std::string(as_text(ByteView(head).subspan(kFixedHeader, name_size)));
  entry.size = extra_size == 0 ? little(head, 18, 4) : little(head, kFixedHeader + name_size + 4, 8);
  entry.crc32 = static_cast<std::uint32_t>(little(head, 14, 4));
  entry.header_offset = offset;
  entry.data_offset = offset + kFixedHeader + name_size + extra_size;
  if (!is_zip_name(entry.name)) return altered(offset, "a file name that no package has");
  const Bytes expected = local_header(entry);
  if (expected.size() > head.size() || !std::equal(expected.begin(), expected.end(), head.begin())) {
    return altered(offset, "the local header of {} is not of the canonical form", entry.name);
  }
  if (entry.data_offset > file_size || entry.size > file_size - entry.data_offset) {
    return altered(offset, "{} claims more bytes than the file has", entry.name);
  }
  return entry;
}

Status compare_directory(File& file, const std::vector<ZipEntry>& entries, std::uint64_t offset,
                         std::uint64_t file_size) {
  const Bytes expected = directory(entries, offset);
  if (file_size - offset != expected.size()) {
    return altered(offset,
                   "{} bytes follow the last file where {} are expected: something was cut off or appended",
                   file_size - offset, expected.size());
  }
  SHILU_TRY(const Bytes found, file.read_at(offset, expected.size()));
  const auto [wrong, other] = std::mismatch(found.begin(), found.end(), expected.begin(), expected.end());
  if (wrong != found.end() || other != expected.end()) {
    return altered(offset + static_cast<std::uint64_t>(wrong - found.begin()),
                   "the zip directory does not match the files in front of it");
  }
  return {};
}

}  // namespace

Result<std::vector<ZipEntry>> read_zip(File& file) {
  SHILU_TRY(const std::uint64_t file_size, file.size());
  std::vector<ZipEntry> entries;
  std::set<std::string, std::less<>> names;
  std::uint64_t offset = 0;
  while (true) {
    SHILU_TRY(const Bytes signature, file.read_at(offset, 4));
    if (!starts_local_header(signature)) break;
    if (entries.size() == kMaxZipEntries) return altered(offset, "more than {} files", kMaxZipEntries);
    SHILU_TRY(ZipEntry entry, read_local(file, offset, file_size));
    if (!names.insert(entry.name).second) return altered(offset, "{} is there twice", entry.name);
    offset = entry.data_offset + entry.size;
    entries.push_back(std::move(entry));
  }
  if (entries.empty()) return altered(0, "this is not a package (no zip file begins here)");
  SHILU_CHECK(compare_directory(file, entries, offset, file_size));
  return entries;
}

Status read_entry(File& file, const ZipEntry& entry, const std::function<void(ByteView)>& each) {
  std::uint32_t crc = 0;
  for (std::uint64_t done = 0; done < entry.size;) {
    const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(kBlock, entry.size - done));
    SHILU_TRY(const Bytes bytes, file.read_at(entry.data_offset + done, wanted));
    if (bytes.size() != wanted)
      return altered(entry.data_offset + done, "the file ends inside {}", entry.name);
    crc = crc32(bytes, crc);
    each(bytes);
    done += bytes.size();
  }
  if (crc != entry.crc32) return altered(entry.data_offset, "{} does not have its CRC", entry.name);
  return {};
}

}  // namespace shilu::evidence
