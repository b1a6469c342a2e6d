#include "upload/evidence/package_scan.h"

#include <fmt/format.h>

#include "upload/evidence/hash_pass.h"
#include "upload/evidence/limits.h"

namespace shilu::evidence {
namespace {

bool is_clip(std::string_view name) {
  return name.starts_with("data/clips/") && name.ends_with(".mp4");
}

bmff::ReadAt reader_of(File& file, const ZipEntry& entry) {
  return [&file, start = entry.data_offset, size = entry.size](std::uint64_t offset,
                                                               std::size_t count) -> Result<Bytes> {
    if (offset > size || count > size - offset)
      return fail(ErrorKind::kCorrupted, "a read beyond the clip's end");
    return file.read_at(start + offset, count);
  };
}

// The same, but only so often: the list of fragments cannot grow past its bound.
bmff::ReadAt bounded(bmff::ReadAt read) {
  constexpr std::uint64_t kReads =
      4 * kMaxClipFragments;  // three or four for each fragment or box of silence
  return [read = std::move(read), left = kReads](std::uint64_t offset,
                                                 std::size_t count) mutable -> Result<Bytes> {
    if (left-- == 0) {
      return fail(ErrorKind::kCorrupted,
                  fmt::format("the clip has more than about {} fragments", kMaxClipFragments));
    }
    return read(offset, count);
  };
}

// The fragments without their hashes.
Result<ClipMedia> read_layout(File& file, const ZipEntry& entry) {
  ClipMedia media{reader_of(file, entry), 0, {}};
  SHILU_TRY(const bmff::ClipLayout layout, bmff::parse_clip_layout(bounded(media.read), entry.size));
  media.header_size = layout.header_size;
  for (const auto& part : layout.fragments) media.fragments.push_back({part.offset, part.size, {}});
  return media;
}

Status scan_clips(File& file, PackageScan& scan) {
  for (const ZipEntry& entry : scan.index.entries) {
    if (!is_clip(entry.name)) continue;
    auto media = read_layout(file, entry);
    if (!media && media.error().kind != ErrorKind::kCorrupted) return fail(media.error());
    scan.clips.emplace(entry.name, ScannedClip{entry, std::move(media)});
  }
  return {};
}

// In the order of the file, as scan.clips are: their names are sorted as the entries are.
std::vector<Piece> fragment_pieces(const PackageScan& scan) {
  std::vector<Piece> pieces;
  for (const auto& [name, clip] : scan.clips) {
    if (!clip.media) continue;
    for (const auto& fragment : clip.media->fragments)
      pieces.push_back({clip.entry.data_offset + fragment.offset, fragment.size});
  }
  return pieces;
}

void take_hashes(const HashedFile& hashed, PackageScan& scan) {
  scan.sha256 = hashed.sha256;
  scan.size = hashed.size;
  for (std::size_t i = 0; i < scan.index.entries.size(); ++i) {
    const ZipEntry& entry = scan.index.entries[i];
    scan.found[entry.name] = {entry.size, hashed.entries[i].sha256};
    if (hashed.entries[i].crc32 != entry.crc32)
      scan.crc_problems.push_back(fmt::format("{} is damaged (its CRC is wrong)", entry.name));
  }
  auto digest = hashed.fragments.begin();
  for (auto& [name, clip] : scan.clips) {
    if (!clip.media) continue;
    for (auto& fragment : clip.media->fragments) fragment.sha256 = *digest++;
  }
}

}  // namespace

Result<PackageScan> scan_package(File& file, PackageIndex index) {
  PackageScan scan;
  scan.index = std::move(index);
  SHILU_CHECK(scan_clips(file, scan));
  std::vector<Piece> entries;
  for (const ZipEntry& entry : scan.index.entries) entries.push_back({entry.data_offset, entry.size});
  SHILU_TRY(const HashedFile hashed, hash_file(file, entries, fragment_pieces(scan)));
  take_hashes(hashed, scan);
  return scan;
}

}  // namespace shilu::evidence
