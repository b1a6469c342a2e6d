#include "upload/evidence/package_index.h"

#include <fmt/format.h>

#include <algorithm>

#include "upload/evidence/file_names.h"

namespace shilu::evidence {
namespace {

template <typename... Args>
tl::unexpected<Error> bad(fmt::format_string<Args...> format, Args&&... args) {
  return fail(ErrorKind::kCorrupted, fmt::format(format, std::forward<Args>(args)...));
}

bool is_bag_name(std::string_view name) {
  constexpr std::string_view kStart = "evidence-";
  if (!name.starts_with(kStart)) return false;
  name.remove_prefix(kStart.size());
  return name.size() == 16 && name.find_first_not_of("0123456789abcdef") == name.npos;
}

Status split_names(PackageIndex& index) {
  for (ZipEntry& entry : index.entries) {
    const std::size_t slash = entry.name.find('/');
    const std::string bag = entry.name.substr(0, slash);
    if (slash == entry.name.npos || !is_bag_name(bag))
      return bad("\"{}\" is not inside a bag of ours", entry.name);
    if (index.name.empty()) index.name = bag;
    if (bag != index.name) return bad("there are two bags, {} and {}", index.name, bag);
    entry.name.erase(0, slash + 1);
  }
  return {};
}

// The head files stand first, in their order; some of them may be missing. The rest is sorted.
Status check_order(const PackageIndex& index) {
  auto entry = index.entries.begin();
  for (const std::string_view head : kHeadFiles) {
    if (entry != index.entries.end() && entry->name == head) ++entry;
  }
  for (auto previous = index.entries.end(); entry != index.entries.end(); previous = entry++) {
    if (!entry->name.starts_with("data/") && !entry->name.starts_with("proof/"))
      return bad("{} does not stand where it belongs, or belongs to no package", entry->name);
    if (previous != index.entries.end() && previous->name >= entry->name)
      return bad("{} stands behind {}", entry->name, previous->name);
  }
  return {};
}

// What a bag must have. Seal and identity may be missing: that is for others to judge.
Status check_presence(const PackageIndex& index) {
  for (const std::string_view name : {kBagitFile, kBagInfoFile, kManifestFile, kTagManifestFile}) {
    if (index.find(name) == nullptr) return bad("{} is missing", name);
  }
  return {};
}

}  // namespace

const ZipEntry* PackageIndex::find(std::string_view entry) const {
  const auto found = by_name.find(entry);
  return found == by_name.end() ? nullptr : &entries[found->second];
}

Result<PackageIndex> read_package_index(File& file) {
  PackageIndex index;
  SHILU_TRY(index.entries, read_zip(file));
  SHILU_CHECK(split_names(index));
  SHILU_CHECK(check_order(index));
  for (std::size_t i = 0; i < index.entries.size(); ++i) index.by_name[index.entries[i].name] = i;
  SHILU_CHECK(check_presence(index));
  return index;
}

Result<Bytes> read_small(File& file, const PackageIndex& index, std::string_view name, std::uint64_t limit) {
  const ZipEntry* entry = index.find(name);
  if (entry == nullptr) return fail(ErrorKind::kNotFound, fmt::format("{} is not in the package", name));
  if (entry->size > limit) return bad("{} has {} bytes, more than any package of ours", name, entry->size);
  Bytes content;
  content.reserve(entry->size);
  SHILU_CHECK(read_entry(file, *entry, [&](ByteView bytes) { put_bytes(content, bytes); }));
  return content;
}

}  // namespace shilu::evidence
