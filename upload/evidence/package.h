#pragma once
// Builds an evidence package from a lesson folder. docs/ref/package.md.

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "capture/journal/lesson_folder.h"
#include "config/catalogue.h"
#include "firmware/base/certificate.h"
#include "firmware/base/clock.h"
#include "firmware/lesson/lesson_time.h"

namespace shilu::evidence {

struct ClipRequest {
  TimeRange range;                   // whole milliseconds, inside the lesson
  std::vector<std::string> sources;  // "room", ...
  std::string piece;                 // title of the evidence piece it serves
};

struct DocumentRequest {
  std::string title;  // "教学设计"
  std::filesystem::path file;
  std::string media_type;
};

struct TeacherIdentity {
  std::string teacher_id;
  Bytes salt;                                 // 32 bytes; subject hash = SHA-256(salt + teacher_id)
  std::map<std::string, std::string> fields;  // 姓名, 学校, 县(市、区)
};

struct PackageRequest {
  std::filesystem::path lesson;
  std::string programme;
  std::string catalogue;
  const config::AbilityPoint* point = nullptr;
  std::vector<ClipRequest> clips;
  std::vector<DocumentRequest> documents;
  TeacherIdentity teacher;
  std::map<std::string, std::string> fields;
  std::optional<Bytes> identity_key;  // the platform's X25519 key; without it no identity.box is made
  std::string software;
};

struct BuiltPackage {
  std::filesystem::path file;
  Digest sha256{};
  std::uint64_t size_bytes = 0;
  std::vector<Digest> blocks;  // SHA-256 of each 8 MiB block, the last one shorter
  std::string name;
};

inline constexpr std::uint64_t kBlockSize = 8u << 20;

// Writes `out` atomically (a partial file is removed), reading the media once. Errors: kInvalidArgument
// (range outside the lesson, unknown source, a document that is not what its name says), kFailedPrecondition
// (nothing signed covers the clip yet), kCorrupted (the lesson's bytes do not match its journal: no package
// is made of them), kStorageFull.
Result<BuiltPackage> build_package(const PackageRequest& request, const CertifiedKey& seal_key,
                                   const Clock& clock, const std::filesystem::path& out);

// What a file really is, by its first bytes: "application/pdf", "image/png", "image/jpeg", office documents
// (zip with the right parts), "text/plain" (valid UTF-8). kInvalidArgument names what was found when it is
// not what `name` ends in.
Result<std::string> document_type(const std::filesystem::path& file, std::string_view name);

// The teacher's field names that would name a person or a school: they go into the identity part only.
bool is_identity_field(std::string_view name);

// The assessor's copy: the same package without identity.box, everything else byte for byte.
Status write_assessor_copy(const std::filesystem::path& package, const std::filesystem::path& out);

}  // namespace shilu::evidence
