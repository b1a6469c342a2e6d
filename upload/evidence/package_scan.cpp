#include "upload/evidence/package_scan.h"

#include <fmt/format.h>

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

// The same, but only as often as all clips together may: the lists of fragments cannot grow past their bound.
bmff::ReadAt bounded(bmff::ReadAt read, std::uint64_t& reads_left) {
  return [read = std::move(read), &reads_left](std::uint64_t offset, std::size_t count) -> Result<Bytes> {
    if (reads_left == 0) {
      return fail(ErrorKind::kCorrupted,
                  fmt::format("the package has more than about {} fragments", kMaxFragments));
    }
    --reads_left;
    return read(offset, count);
  };
}

// The fragments without their hashes.
Result<ClipMedia> read_layout(File& file, const ZipEntry& entry, std::uint64_t& reads_left) {
  ClipMedia media{reader_of(file, entry), 0, {}};
  SHILU_TRY(const bmff::ClipLayout layout,
            bmff::parse_clip_layout(bounded(media.read, reads_left), entry.size));
  media.header_size = layout.header_size;
  for (const auto& part : layout.fragments) media.fragments.push_back({part.offset, part.size, {}});
  return media;
}

Status scan_clips(File& file, PackageScan& scan) {
  std::uint64_t reads_left = 4 * kMaxFragments;  // three or four for each fragment or box of silence
  for (const ZipEntry& entry : scan.index.entries) {
    if (!is_clip(entry.name)) continue;
    auto media = read_layout(file, entry, reads_left);
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
      scan.crc_problems.push_back(
          fmt::format("{} was changed or damaged after it was packed (its CRC is wrong)", entry.name));
  }
  auto digest = hashed.fragments.begin();
  for (auto& [name, clip] : scan.clips) {
    if (!clip.media) continue;
    for (auto& fragment : clip.media->fragments) fragment.sha256 = *digest++;
  }
}

}  // namespace

Result<PackageScan> scan_package(File& file, PackageIndex index, WholeDigest whole) {
  PackageScan scan;
  scan.index = std::move(index);
  SHILU_CHECK(scan_clips(file, scan));
  std::vector<Piece> entries;
  for (const ZipEntry& entry : scan.index.entries) entries.push_back({entry.data_offset, entry.size});
  SHILU_TRY(const HashedFile hashed, hash_file(file, entries, fragment_pieces(scan), whole));
  take_hashes(hashed, scan);
  return scan;
}

}  // namespace shilu::evidence
