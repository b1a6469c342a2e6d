#pragma once
// Random access to a package's files without unpacking: the platform serves clips and documents from it by
// range.

#include <filesystem>
#include <map>
#include <memory>
#include <string>

#include "firmware/base/bytes.h"
#include "firmware/base/result.h"
#include "firmware/base/sealed_box.h"

namespace shilu::evidence {

struct PackageEntry {
  std::uint64_t offset = 0;  // of the data in the zip file (stored: the bytes as they are)
  std::uint64_t size = 0;
  std::uint32_t crc32 = 0;
};

class PackageReader {
 public:
  // Checks the structure (canonical zip), not the hashes: verify first.
  static Result<PackageReader> open(const std::filesystem::path& file);
  const std::string& name() const { return name_; }
  // By name inside the bag: "data/clips/clip-1/room.mp4".
  const std::map<std::string, PackageEntry>& entries() const { return entries_; }
  Result<Bytes> read(std::string_view entry, std::uint64_t limit = 64u << 20) const;

 private:
  std::filesystem::path file_;
  std::string name_;
  std::map<std::string, PackageEntry> entries_;
};

// identity.box opened with the platform's key: {"teacher_id","salt","fields"} as JSON text, and whether the
// recording's sign-in event carries the same subject hash.
struct OpenedIdentity {
  std::string json;
  std::string teacher_id;
  bool signed_in = false;
};
Result<OpenedIdentity> open_identity(const std::filesystem::path& package, const BoxKeyPair& keys);

}  // namespace shilu::evidence
