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
#include "upload/evidence/identity.h"

namespace shilu::evidence {

// What the teacher says about a moment of a clip.
struct NoteRequest {
  LessonTime at;                 // whole milliseconds, inside the clip
  std::optional<LessonTime> to;  // behind `at`; none: a moment
  std::string text;
};

struct ClipRequest {
  TimeRange range;                   // whole milliseconds, inside the lesson
  std::vector<std::string> sources;  // "room", ...
  std::string piece;                 // title of the evidence piece it serves
  std::vector<NoteRequest> notes;
};

struct DocumentRequest {
  std::string title;  // "教学设计"
  std::filesystem::path file;
  std::string media_type;  // as document_type told; empty: by the file's name
};

// Made of a clip outside: re-encoded, blurred, with a title card.
struct DerivativeRequest {
  std::filesystem::path file;  // a document_type, or MP4
  std::size_t clip = 1;        // index in PackageRequest::clips, from 1
  std::string source;          // of that clip; empty: its first
  std::size_t part = 1;        // of that source
  std::string recipe;          // what was done, for people or as JSON
};

struct PackageRequest {
  std::filesystem::path lesson;
  std::string programme;
  std::string catalogue;
  const config::AbilityPoint* point = nullptr;
  std::vector<ClipRequest> clips;  // at least one
  std::vector<DocumentRequest> documents;
  std::vector<DerivativeRequest> derived;
  TeacherIdentity teacher;
  // Of the submission form. What names a person or a school (is_identity_field) goes into the identity part.
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

// Writes `out` atomically (a partial file is removed), reading the media once. What it seals has been
// verified. The same request gives the same bytes but for seal.json (its time) and identity.box (its
// encryption). Errors: kInvalidArgument (range outside the lesson, unknown source, a document that is not
// what its name says), kFailedPrecondition (nothing signed covers the clip yet, the seal key is of another
// device than the recording), kCorrupted (the lesson's bytes do not match its journal: no package is made of
// them), kStorageFull.
Result<BuiltPackage> build_package(const PackageRequest& request, const CertifiedKey& seal_key,
                                   const Clock& clock, const std::filesystem::path& out);

// What a file really is, by its first bytes: "application/pdf", "image/png", "image/jpeg", office documents
// (zip with the right parts), "text/plain" (valid UTF-8). kInvalidArgument names what was found when it is
// not what `name` ends in.
Result<std::string> document_type(const std::filesystem::path& file, std::string_view name);

// The same for what may be made of a clip: all of these, and "video/mp4".
Result<std::string> derivative_type(const std::filesystem::path& file);

// ".pdf" of "application/pdf"; empty for what no package takes.
std::string_view extension_of(std::string_view media_type);

// The assessor's copy: the same package without identity.box, everything else byte for byte.
Status write_assessor_copy(const std::filesystem::path& package, const std::filesystem::path& out);

}  // namespace shilu::evidence
