#pragma once
// What goes into a package, before a byte of it is written. Inside this module only.

#include <filesystem>
#include <string>
#include <vector>

#include "capture/journal/lesson_folder.h"
#include "upload/evidence/annotations.h"
#include "upload/evidence/evidence_json.h"
#include "upload/evidence/package.h"
#include "upload/evidence/proof_builder.h"
#include "upload/evidence/zip_writer.h"

namespace shilu::evidence {

struct PlannedPart {
  journal::LessonFolder::SourceMovie movie;
  std::vector<Digest> fragments;  // what the journal says of them, in the order of movie.movie.extents
};
using PlannedSource = std::vector<PlannedPart>;

struct PlannedClip {
  std::vector<PlannedSource> sources;  // parallel to those of evidence.clips, and their parts
  BuiltProof proof;
  std::string marks;  // WebVTT
};

struct PackagePlan {
  std::string lesson_json;
  Evidence evidence;  // digests still zero
  std::vector<PlannedClip> clips;
  std::vector<Note> notes;
  std::vector<std::filesystem::path> documents;  // parallel to evidence.documents
  std::vector<std::filesystem::path> derived;    // parallel to evidence.derived
  std::optional<Bytes> identity_box;
};

// Opens the lesson, selects fragments, makes the proofs, looks into the documents. Errors as build_package.
Result<PackagePlan> plan_package(const PackageRequest& request, const KeyCertificate& seal_certificate);

}  // namespace shilu::evidence
