#pragma once
// Do the files of a package have the hashes that its manifests say, and does evidence.json speak of just
// these files? Every function gives the problems that it found, as sentences. Inside this module only.

#include <map>
#include <string>
#include <vector>

#include "upload/evidence/bag.h"
#include "upload/evidence/evidence_json.h"
#include "upload/evidence/package_index.h"

namespace shilu::evidence {

// What was found of every file, by name.
struct FoundFile {
  std::uint64_t size = 0;
  Digest sha256{};
};
using FoundFiles = std::map<std::string, FoundFile, std::less<>>;

struct BagText {
  std::string bagit, bag_info, manifest, tag_manifest, annotations;
};

std::vector<std::string> check_bag(const BagText& text, const std::string& bag_name_found,
                                   const FoundFiles& found);
// evidence.json against the payload and the proofs; bag-info.txt and the notes against both.
std::vector<std::string> check_claims(const Evidence& evidence, const BagText& text, const FoundFiles& found);

}  // namespace shilu::evidence
