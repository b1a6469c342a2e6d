#include <algorithm>

#include "upload/evidence/file_names.h"
#include "upload/evidence/package.h"
#include "upload/evidence/package_index.h"
#include "upload/evidence/temporary_output.h"
#include "upload/evidence/zip_writer.h"

namespace shilu::evidence {

Status write_assessor_copy(const std::filesystem::path& package, const std::filesystem::path& out) {
  SHILU_TRY(const auto file, posix_file_system().open(package, OpenMode::kRead));
  SHILU_TRY(PackageIndex index, read_package_index(*file));
  std::erase_if(index.entries, [](const ZipEntry& entry) { return entry.name == kIdentityFile; });
  std::vector<PlannedEntry> planned;
  for (const ZipEntry& entry : index.entries) planned.push_back({entry.name, entry.size});
  SHILU_TRY(TemporaryOutput output, TemporaryOutput::create(out));
  SHILU_TRY(auto writer, ZipWriter::create(output.file(), planned, index.name.size() + 1));
  SHILU_CHECK(output.file().reserve(0, writer.size()));
  for (std::size_t i = 0; i < index.entries.size(); ++i) {
    Status written;
    SHILU_CHECK(read_entry(*file, index.entries[i], [&](ByteView bytes) {
      if (written) written = writer.append(i, bytes);
    }));
    SHILU_CHECK(written);
    SHILU_CHECK(writer.close(i).map([](const Digest&) {}));
  }
  SHILU_CHECK(writer.finish(index.name + "/"));
  return output.keep();
}

}  // namespace shilu::evidence
