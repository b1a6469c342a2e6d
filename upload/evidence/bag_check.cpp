#include "upload/evidence/bag_check.h"

#include <fmt/format.h>

#include <set>

#include "firmware/lesson/track.h"
#include "upload/evidence/annotations.h"
#include "upload/evidence/file_names.h"
#include "upload/evidence/package.h"

namespace shilu::evidence {
namespace {

using Problems = std::vector<std::string>;
using Names = std::set<std::string, std::less<>>;

bool is_payload(std::string_view name) {
  return name.starts_with("data/");
}
// Files that no manifest lists: the seal signs over the tag manifest, and the identity may be withheld.
bool is_unlisted(std::string_view name) {
  return name == kTagManifestFile || name == kSealFile || name == kIdentityFile;
}

void compare(std::string_view which, const Manifest& manifest, const Names& expected, const FoundFiles& found,
             Problems& problems) {
  for (const auto& [name, digest] : manifest) {
    const auto file = found.find(name);
    if (!expected.contains(name)) {
      problems.push_back(fmt::format("{} lists {}, which is not there", which, name));
    } else if (file->second.sha256 != digest) {
      problems.push_back(fmt::format("{} is not the file that {} lists", name, which));
    }
  }
  for (const std::string& name : expected) {
    if (!manifest.contains(name)) problems.push_back(fmt::format("{} does not stand in {}", name, which));
  }
}

void check_manifest(std::string_view which, std::string_view text, const Names& expected,
                    const FoundFiles& found, Problems& problems) {
  const auto manifest = parse_manifest(text);
  if (!manifest) {
    problems.push_back(fmt::format("{}: {}", which, manifest.error().message));
  } else {
    compare(which, *manifest, expected, found, problems);
  }
}

// A file that evidence.json names: it must be there, and as it says.
void check_claim(const ClaimedFile& claim, const FoundFiles& found, Names& claimed, Problems& problems) {
  const auto file = found.find(claim.file);
  if (file == found.end()) {
    problems.push_back(fmt::format("evidence.json speaks of {}, which is not there", claim.file));
  } else if (file->second.sha256 != claim.sha256 || file->second.size != claim.size_bytes) {
    problems.push_back(fmt::format("{} is not the file that evidence.json speaks of", claim.file));
  }
  if (!claimed.insert(claim.file).second)
    problems.push_back(fmt::format("evidence.json speaks of {} twice", claim.file));
}

void check_source(const ClaimedSource& source, std::size_t clip, const FoundFiles& found, Names& claimed,
                  Problems& problems) {
  for (std::size_t p = 0; p < source.parts.size(); ++p) {
    const ClaimedFile& file = source.parts[p].file;
    if (!is_source_name(source.name) || file.file != clip_file(clip, source.name, p + 1))
      problems.push_back(fmt::format("\"{}\" is no name for the file of a clip", file.file));
    check_claim(file, found, claimed, problems);
  }
}

void check_clips(const Evidence& evidence, const FoundFiles& found, Names& claimed, Problems& problems) {
  for (std::size_t i = 0; i < evidence.clips.size(); ++i) {
    for (const ClaimedSource& source : evidence.clips[i].sources)
      check_source(source, i + 1, found, claimed, problems);
    for (const std::string& name : {marks_file(i + 1), proof_file(i + 1), records_file(i + 1)})
      claimed.insert(name);
  }
}

void check_documents(const Evidence& evidence, const FoundFiles& found, Names& claimed, Problems& problems) {
  for (std::size_t i = 0; i < evidence.documents.size(); ++i) {
    const ClaimedFile& file = evidence.documents[i].file;
    if (!file.file.starts_with(document_file(i + 1, ".")))
      problems.push_back(fmt::format("\"{}\" is no name for document {}", file.file, i + 1));
    check_claim(file, found, claimed, problems);
  }
}

bool is_clip_with_digest(const Evidence& evidence, std::string_view file, const Digest& digest) {
  for (const ClaimedClip& clip : evidence.clips) {
    for (const ClaimedSource& source : clip.sources) {
      for (const ClaimedPart& part : source.parts) {
        if (part.file.file == file) return part.file.sha256 == digest;
      }
    }
  }
  return false;
}

// A derivative is made of a clip that is here, and does not stand where a clip stands.
void check_derived(const Evidence& evidence, const FoundFiles& found, Names& claimed, Problems& problems) {
  for (std::size_t i = 0; i < evidence.derived.size(); ++i) {
    const ClaimedDerivative& one = evidence.derived[i];
    if (one.file.file != derivative_file(i + 1, extension_of(one.media_type)))
      problems.push_back(fmt::format("\"{}\" is no name for derivative {}", one.file.file, i + 1));
    if (one.recipe.empty())
      problems.push_back(fmt::format("{} does not say what was done to it", one.file.file));
    if (!is_clip_with_digest(evidence, one.from_file, one.from_sha256))
      problems.push_back(fmt::format("{} says that it is made of {}, and that is not the one in here",
                                     one.file.file, one.from_file));
    check_claim(one.file, found, claimed, problems);
  }
}

void check_bag_info(const Evidence& evidence, const BagText& text, const FoundFiles& found,
                    Problems& problems) {
  BagInfo info{evidence.lesson_id, evidence.software, 0, 0};
  for (const auto& [name, file] : found) {
    if (!is_payload(name)) continue;
    info.payload_bytes += file.size;
    ++info.payload_files;
  }
  if (text.bag_info != bag_info_text(info)) problems.emplace_back("bag-info.txt does not describe this bag");
}

}  // namespace

std::vector<std::string> check_bag(const BagText& text, const std::string& bag_name_found,
                                   const FoundFiles& found) {
  Problems problems;
  if (text.bagit != kBagitTxt) problems.emplace_back("bagit.txt is not that of a BagIt 1.0 bag");
  if (bag_name_found != bag_name(text.manifest))
    problems.emplace_back("the folder in the package was renamed: it is named after other contents");
  Names payload, tags;
  for (const auto& [name, file] : found) {
    if (is_payload(name)) payload.insert(name);
    if (!is_payload(name) && !is_unlisted(name)) tags.insert(name);
  }
  check_manifest(kManifestFile, text.manifest, payload, found, problems);
  check_manifest(kTagManifestFile, text.tag_manifest, tags, found, problems);
  return problems;
}

std::vector<std::string> check_claims(const Evidence& evidence, const BagText& text,
                                      const FoundFiles& found) {
  Problems problems;
  Names claimed{std::string(kEvidenceFile), std::string(kLessonFile), std::string(kAnnotationsFile)};
  check_clips(evidence, found, claimed, problems);
  check_documents(evidence, found, claimed, problems);
  check_derived(evidence, found, claimed, problems);
  if (const auto notes = parse_annotations(text.annotations, evidence); !notes)
    problems.push_back(notes.error().within(kAnnotationsFile).message);
  check_bag_info(evidence, text, found, problems);
  for (const auto& [name, file] : found) {
    const bool asked = is_payload(name) || name.starts_with("proof/");
    if (asked && !claimed.contains(name))
      problems.push_back(fmt::format("nothing in evidence.json speaks of {}", name));
  }
  for (const std::string& name : claimed) {
    if (!found.contains(name)) problems.push_back(fmt::format("{} is missing", name));
  }
  return problems;
}

}  // namespace shilu::evidence
