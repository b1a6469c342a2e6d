// upload/evidence: all that `shilu verify` does with a package. First byte: which of a good package's files
// the rest of the input replaces. Claims, manifests, bag and seal are then made to fit, so that only what the
// file says can refute it; with the first byte's highest bit they are left as they were.

#include <algorithm>

#include "firmware/base/json_io.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/fuzz_lesson.h"
#include "upload/evidence/evidence_json.h"
#include "upload/evidence/package_findings.h"
#include "upload/evidence/package_reader.h"

using namespace shilu;
using namespace shilu::evidence;

namespace {

constexpr std::uint8_t kLeaveTheRest = 0x80;
constexpr std::string_view kClaims = "data/evidence.json";

template <typename Fit>
void fit_parts(Json& source, const Fit& fit) {
  if (!source.is_object() || !source.contains("parts") || !source["parts"].is_array()) return;
  for (Json& part : source["parts"]) fit(part);
}

// evidence.json as canonical JSON that speaks of the files as they are.
void fit_claims(test::Pieces& pieces) {
  auto json = parse_json(as_text(pieces.files[std::string(kClaims)]));
  if (!json) return;
  const auto fit = [&](Json& claim) {
    if (!claim.is_object() || !claim.contains("file") || !claim["file"].is_string()) return;
    const auto file = pieces.files.find(claim["file"].get<std::string>());
    if (file == pieces.files.end()) return;
    claim["sha256"] = to_hex(sha256(file->second));
    claim["size_bytes"] = file->second.size();
  };
  for (const char* list : {"clips", "documents"}) {
    if (!json->is_object() || !json->contains(list) || !(*json)[list].is_array()) return;
    for (Json& item : (*json)[list]) {
      fit(item);
      if (!item.is_object() || !item.contains("sources") || !item["sources"].is_array()) continue;
      for (Json& source : item["sources"]) fit_parts(source, fit);
    }
  }
  pieces.files[std::string(kClaims)] = to_bytes(canonical_json(*json));
}

void fit_bag_info(test::Pieces& pieces) {
  std::uint64_t bytes = 0, count = 0;
  for (const auto& [name, content] : pieces.files) {
    if (!name.starts_with("data/")) continue;
    bytes += content.size();
    ++count;
  }
  const std::string text(as_text(pieces.files["bag-info.txt"]));
  pieces.files["bag-info.txt"] =
      to_bytes(text.substr(0, text.find("Payload-Oxum")) + "Payload-Oxum: " + std::to_string(bytes) + "." +
               std::to_string(count) + "\n");
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  const auto choice = input.u8();
  test::Pieces pieces = fuzz::fuzz_lesson().pieces();
  const auto place = (choice & ~kLeaveTheRest) % pieces.files.size();
  const auto file = std::next(pieces.files.begin(), static_cast<std::ptrdiff_t>(place));
  const ByteView content = input.rest();
  const bool same = std::equal(content.begin(), content.end(), file->second.begin(), file->second.end());
  file->second.assign(content.begin(), content.end());
  if ((choice & kLeaveTheRest) == 0) {
    fit_claims(pieces);
    if (file->first != "bag-info.txt") fit_bag_info(pieces);
    pieces.seal(fuzz::fuzz_lesson().seal_key());
  }
  const auto path = fuzz::fuzz_lesson().scratch("changed.zip");
  pieces.write(path);
  const auto report = verify_package(path, {});
  fuzz::promise(report.has_value(), "what stands in a file is told as facts");
  fuzz::promise(report->refuted() || same || (choice & kLeaveTheRest) == 0, "a change under a seal is told");
  static_cast<void>(canonical_json(report->to_json()));
  const auto reader = PackageReader::open(path);
  fuzz::promise(reader.has_value(), "a canonical package can be opened");
  return 0;
}
