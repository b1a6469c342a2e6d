// upload/evidence: zip_reader, zip_structure, package_index.

#include "firmware/base/digest.h"
#include "tests/fuzz/fuzz.h"
#include "upload/evidence/package_index.h"

using namespace shilu;
using namespace shilu::evidence;

namespace {

constexpr std::size_t kFixedHeader = 30;

std::size_t little(ByteView bytes, std::size_t offset, std::size_t size) {
  std::size_t value = 0;
  for (std::size_t i = size; i-- > 0;) value = value << 8 | bytes[offset + i];
  return value;
}

// The zip that the entries' names and data make, whatever their headers said.
Bytes mended(ByteView zip) {
  Bytes out;
  std::vector<ZipEntry> entries;
  while (zip.size() >= kFixedHeader && little(zip, 0, 4) == 0x0403'4b50 && entries.size() < 20) {
    const std::size_t name_size = std::min({little(zip, 26, 2), zip.size() - kFixedHeader, kMaxZipName});
    const std::size_t size = std::min(little(zip, 18, 4), zip.size() - kFixedHeader - name_size);
    ZipEntry entry;
    entry.name = std::string(as_text(zip.subspan(kFixedHeader, name_size)));
    const ByteView data = zip.subspan(kFixedHeader + name_size, size);
    entry.size = size;
    entry.crc32 = crc32(data);
    entry.header_offset = out.size();
    put_bytes(out, local_header(entry));
    put_bytes(out, data);
    entries.push_back(std::move(entry));
    zip = zip.subspan(kFixedHeader + name_size + size);
  }
  put_bytes(out, directory(entries, out.size()));
  return out;
}

}  // namespace

std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t max_size,
                                    unsigned seed) {
  return fuzz::mutate_and_repair(data, size, max_size, seed, mended);
}

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::MemoryFile file({data, size});
  const auto entries = read_zip(file);
  if (!entries) {
    fuzz::promise(entries.error().kind == ErrorKind::kCorrupted, "what is wrong with a zip is corruption");
    return 0;
  }
  Bytes rebuilt;
  for (const ZipEntry& entry : *entries) {
    fuzz::promise(is_zip_name(entry.name), "an accepted name is a plain one");
    put_bytes(rebuilt, local_header(entry));
    const auto read = read_entry(file, entry, [&](ByteView bytes) { put_bytes(rebuilt, bytes); });
    fuzz::promise(read || read.error().kind == ErrorKind::kCorrupted, "data is right or corrupted");
  }
  put_bytes(rebuilt, directory(*entries, rebuilt.size()));
  fuzz::promise(std::equal(rebuilt.begin(), rebuilt.end(), data, data + size), "every byte is accounted for");
  if (const auto index = read_package_index(file))
    fuzz::promise(index->find("bagit.txt") != nullptr, "a package has bagit.txt");
  return 0;
}
