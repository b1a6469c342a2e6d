#pragma once
// Reads a package zip and accepts the canonical structure only: every byte outside the files' data is rebuilt
// and compared. Hostile input: at most kMaxZipEntries entries, memory bounded by the directory's largest
// possible size.

#include <functional>

#include "firmware/base/file_system.h"
#include "upload/evidence/zip_structure.h"

namespace shilu::evidence {

// Walks the local headers from the front, then compares the directory with the rest of the file.
// kCorrupted says what stands where ("byte 1234: ..."). CRCs are those of the headers, not yet checked
// against the data.
Result<std::vector<ZipEntry>> read_zip(File& file);

// Calls `each` with the data of an entry, in blocks of at most 1 MiB; kCorrupted when the data does not have
// the CRC.
Status read_entry(File& file, const ZipEntry& entry, const std::function<void(ByteView)>& each);

}  // namespace shilu::evidence
