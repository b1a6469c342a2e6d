// Runs a fuzz target on stored inputs, for builds without libFuzzer: files, or folders of files.

#include <filesystem>

#include "tests/fuzz/fuzz.h"

// Only libFuzzer mutates.
std::size_t LLVMFuzzerMutate(std::uint8_t*, std::size_t size, std::size_t) {
  return size;
}

namespace {

bool replay(const std::filesystem::path& file) {
  const auto bytes = shilu::read_file(file);
  if (!bytes) {
    std::fprintf(stderr, "%s\n", bytes.error().message.c_str());
    return false;
  }
  // Said before it runs: the last line before a crash names the input.
  std::printf("%s\n", file.c_str());
  std::fflush(stdout);
  LLVMFuzzerTestOneInput(bytes->data(), bytes->size());
  return true;
}

}  // namespace

int main(int count, char** words) {
  bool good = count > 1;
  for (int i = 1; i < count; ++i) {
    if (!std::filesystem::is_directory(words[i])) {
      good = replay(words[i]) && good;
      continue;
    }
    for (const auto& entry : std::filesystem::directory_iterator(words[i]))
      good = replay(entry.path()) && good;
  }
  if (count < 2) std::fprintf(stderr, "usage: %s FILE|DIRECTORY...\n", words[0]);
  return good ? 0 : 1;
}
