// capture/live: nal_units, reorder_depth, bit_reader: what comes from a camera. First byte: the codec, and
// whether parameter sets come as they are or inside a configuration record.

#include "capture/live/nal_units.h"
#include "capture/live/reorder_depth.h"
#include "tests/fuzz/fuzz.h"

using namespace shilu;
using namespace shilu::live;

namespace {

constexpr std::uint8_t kH265Bit = 1;
constexpr std::uint8_t kBareSetsBit = 2;

std::vector<Bytes> bare_sets(fuzz::Input& input) {
  std::vector<Bytes> sets;
  for (auto count = input.u8() % 4; count > 0; --count) {
    const ByteView set = input.chunk();
    sets.emplace_back(set.begin(), set.end());
  }
  return sets;
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  const auto choice = input.u8();
  const Codec codec = (choice & kH265Bit) != 0 ? Codec::kH265 : Codec::kH264;
  std::vector<Bytes> sets;
  if ((choice & kBareSetsBit) != 0) {
    sets = bare_sets(input);
  } else if (auto found = parameter_sets_of(codec, input.chunk())) {
    sets = std::move(*found);
  }
  const auto depth = reorder_depth(codec, sets);
  fuzz::promise(!depth || *depth <= kMaxReorderDepth, "a depth is one of the standard's");
  const ByteView unit = input.rest();
  const auto clean = clean_access_unit(codec, unit, sets);
  if (!clean) return 0;
  fuzz::promise(clean->data.size() <= unit.size(), "cleaning adds nothing");
  fuzz::promise(clean->picture || !clean->sync, "a sync picture is a picture");
  const auto again = clean_access_unit(codec, clean->data, sets);
  fuzz::promise(again && again->data == clean->data, "what is clean stays as it is");
  return 0;
}
