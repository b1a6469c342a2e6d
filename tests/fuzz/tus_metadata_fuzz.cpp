// upload/platform: tus_metadata.

#include "tests/fuzz/fuzz.h"
#include "upload/platform/tus_metadata.h"

using namespace shilu;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto metadata = platform::parse_metadata(as_text({data, size}));
  if (!metadata) return 0;
  fuzz::promise(metadata->size() <= 32, "at most 32 keys");
  for (const auto& [key, value] : *metadata) {
    fuzz::promise(!key.empty() && key.find_first_of(" ,") == key.npos, "a key is a word");
    fuzz::promise(value.size() <= size, "values do not grow");
  }
  return 0;
}
