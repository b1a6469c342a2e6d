// upload/evidence: evidence_json, clip_proof; firmware/base: json_io. The first byte chooses; in half of its
// values the JSON is written in the canonical way first, so that only its meaning can be refused.

#include "firmware/base/json_io.h"
#include "tests/fuzz/fuzz.h"
#include "upload/evidence/clip_proof.h"
#include "upload/evidence/evidence_json.h"

using namespace shilu;
using namespace shilu::evidence;

namespace {

enum Part : std::uint8_t { kEvidence = 0, kProof = 1, kParts = 2 };
constexpr std::uint8_t kCanonical = 2;

template <typename Value>
void read(std::string_view text) {
  const auto value = Value::from_json(text);
  if (value) {
    fuzz::promise(value->to_json() == text, "what was accepted has one text");
  } else {
    fuzz::promise(value.error().kind == ErrorKind::kCorrupted, "what is wrong with it is corruption");
  }
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  const auto choice = input.u8();
  std::string text(as_text(input.rest()));
  if ((choice & kCanonical) != 0) {
    if (const auto json = parse_json(text)) text = canonical_json(*json);
  }
  if (choice % kParts == kEvidence) {
    read<Evidence>(text);
  } else {
    read<ClipProof>(text);
  }
  return 0;
}
