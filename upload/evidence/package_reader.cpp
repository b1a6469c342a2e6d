#include "upload/evidence/package_reader.h"

#include <algorithm>

#include "upload/evidence/clip_proof.h"
#include "upload/evidence/evidence_json.h"
#include "upload/evidence/file_names.h"
#include "upload/evidence/identity.h"
#include "upload/evidence/limits.h"
#include "upload/evidence/package_index.h"
#include "upload/evidence/proven_records.h"

namespace shilu::evidence {
namespace {

// Has the recording of any clip a sign-in of this teacher?
Result<bool> has_signed_in(const PackageReader& package, const Evidence& evidence, const Digest& subject) {
  SHILU_TRY(const Bytes lesson, package.read(kLessonFile, kMaxLessonJson));
  for (std::size_t i = 1; i <= evidence.clips.size(); ++i) {
    SHILU_TRY(const Bytes text, package.read(proof_file(i), kMaxJson));
    SHILU_TRY(const ClipProof proof, ClipProof::from_json(as_text(text)));
    SHILU_TRY(const Bytes records, package.read(records_file(i), kMaxRecordsBytes));
    SHILU_TRY(const ProvenRecords proven, ProvenRecords::open(proof, records, as_text(lesson)));
    if (proven.signed_in_subject() == subject) return true;
  }
  return false;
}

}  // namespace

Result<PackageReader> PackageReader::open(const std::filesystem::path& path) {
  SHILU_TRY(const auto file, posix_file_system().open(path, OpenMode::kRead));
  SHILU_TRY(PackageIndex index, read_package_index(*file));
  PackageReader reader;
  reader.file_ = path;
  reader.name_ = std::move(index.name);
  for (const ZipEntry& entry : index.entries)
    reader.entries_[entry.name] = {entry.data_offset, entry.size, entry.crc32};
  return reader;
}

Result<Bytes> PackageReader::read(std::string_view name, std::uint64_t limit) const {
  const auto found = entries_.find(std::string(name));
  if (found == entries_.end())
    return fail(ErrorKind::kNotFound, "the package has no file " + std::string(name));
  if (found->second.size > limit)
    return fail(ErrorKind::kInvalidArgument, std::string(name) + " is larger than may be read at once");
  SHILU_TRY(const auto file, posix_file_system().open(file_, OpenMode::kRead));
  Bytes content;
  const ZipEntry entry{found->first, found->second.size, found->second.crc32, 0, found->second.offset};
  SHILU_CHECK(read_entry(*file, entry, [&](ByteView bytes) { put_bytes(content, bytes); }));
  return content;
}

Result<OpenedIdentity> open_identity(const std::filesystem::path& file, const BoxKeyPair& keys) {
  SHILU_TRY(const PackageReader package, PackageReader::open(file));
  SHILU_TRY(const Bytes box, package.read(kIdentityFile, kMaxSmallFile));
  SHILU_TRY(const Bytes message, open_box(box, keys));
  OpenedIdentity opened;
  opened.json = std::string(as_text(message));
  auto teacher = identity_from_json(opened.json);
  if (!teacher) return fail(ErrorKind::kCorrupted, teacher.error().within("identity.box").message);
  SHILU_TRY(const Bytes text, package.read(kEvidenceFile, kMaxJson));
  SHILU_TRY(const Evidence evidence, Evidence::from_json(as_text(text)));
  const Digest subject = subject_hash(*teacher);
  if (pseudonym_of(subject) != evidence.pseudonym) {
    return fail(ErrorKind::kCorrupted, "identity.box is of another teacher than the package speaks of");
  }
  opened.teacher_id = std::move(teacher->teacher_id);
  SHILU_TRY(opened.signed_in, has_signed_in(package, evidence, subject));
  return opened;
}

}  // namespace shilu::evidence
