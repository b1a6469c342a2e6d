// upload/evidence: bag (manifests, bag-info), bag_check, web_vtt. The first byte chooses.

#include <set>

#include "tests/fuzz/fuzz.h"
#include "upload/evidence/bag_check.h"
#include "upload/evidence/web_vtt.h"

using namespace shilu;
using namespace shilu::evidence;

namespace {

enum Part : std::uint8_t { kManifestText, kMarksText, kWholeBag, kParts };

constexpr std::size_t kDigestDigits = 64;

// Lines in order, each once, each with a digest: what parse_manifest wants. Names stay as they are.
std::string mended_manifest(std::string_view text) {
  std::set<std::pair<std::string, std::string>> lines;  // name, digest
  while (!text.empty()) {
    const auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    if (line.size() < kDigestDigits + 3) continue;
    std::string digest(line.substr(0, kDigestDigits));
    for (char& c : digest) c = "0123456789abcdef"[static_cast<unsigned char>(c) & 15u];
    lines.emplace(line.substr(kDigestDigits + 2), digest);
  }
  std::string out;
  for (const auto& [name, digest] : lines) out += digest + "  " + name + "\n";
  return out;
}

Bytes mended(ByteView input) {
  Bytes out;
  if (input.empty() || input[0] % kParts != kManifestText) return out;
  out.push_back(input[0]);
  put_bytes(out, as_bytes(mended_manifest(as_text(input.subspan(1)))));
  return out;
}

void read_manifest(std::string_view text) {
  const auto manifest = parse_manifest(text);
  if (manifest) fuzz::promise(manifest_text(*manifest) == text, "a manifest has one text");
}

void read_marks(std::string_view text) {
  const auto cues = parse_web_vtt(text);
  if (cues) fuzz::promise(web_vtt_text(*cues) == text, "marks have one text");
}

// The files are those that the manifests list, so that only the rules can refuse them.
void check_whole_bag(fuzz::Input input) {
  BagText text;
  text.bagit = as_text(input.chunk());
  text.bag_info = as_text(input.chunk());
  text.manifest = mended_manifest(as_text(input.chunk()));
  text.tag_manifest = mended_manifest(as_text(input.chunk()));
  FoundFiles found;
  for (const auto* one : {&text.manifest, &text.tag_manifest}) {
    const auto manifest = parse_manifest(*one);
    if (!manifest) continue;
    for (const auto& [name, digest] : *manifest) found[name] = {1, digest};
  }
  check_bag(text, bag_name(text.manifest), found);
  const auto evidence = Evidence::from_json(as_text(input.rest()));
  if (evidence) check_claims(*evidence, text, found);
}

}  // namespace

std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t max_size,
                                    unsigned seed) {
  return fuzz::mutate_and_repair(data, size, max_size, seed, mended);
}

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  switch (input.u8() % kParts) {
    case kManifestText:
      read_manifest(as_text(input.rest()));
      break;
    case kMarksText:
      read_marks(as_text(input.rest()));
      break;
    default:
      check_whole_bag(input);
  }
  return 0;
}
