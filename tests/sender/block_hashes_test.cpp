#include "upload/sender/block_hashes.h"

#include <catch2/catch.hpp>
#include <fstream>

#include "firmware/base/file_system.h"
#include "tests/base/temporary_directory.h"

using namespace shilu;

namespace {

constexpr std::size_t kBlock = 8u << 20;

std::filesystem::path package_of(const std::filesystem::path& directory, std::size_t size) {
  Bytes bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::uint8_t>(i * 7 + i / kBlock);
  const auto file = directory / "p.zip";
  REQUIRE(write_file_atomic(file, bytes));
  return file;
}

// What `sha256sum` of the block says.
std::string by_sha256sum(const std::filesystem::path& file, std::size_t block) {
  const std::string command =
      "dd if=" + file.string() + " bs=8M skip=" + std::to_string(block) + " count=1 2>/dev/null | sha256sum";
  FILE* pipe = popen(command.c_str(), "r");
  REQUIRE(pipe != nullptr);
  char text[65] = {};
  REQUIRE(fread(text, 1, 64, pipe) == 64);
  pclose(pipe);
  return text;
}

}  // namespace

TEST_CASE("blocks are hashed as sha256sum does it, the last one shorter") {
  const test::TemporaryDirectory directory;
  const auto file = package_of(directory.path(), 2 * kBlock + 5);
  const auto blocks = sender::block_hashes(file, 2 * kBlock + 5);
  REQUIRE(blocks);
  REQUIRE(blocks->size() == 3);
  for (std::size_t i = 0; i < 3; ++i) CHECK(to_hex((*blocks)[i]) == by_sha256sum(file, i));
}

TEST_CASE("known hashes are taken from beside the package, unless they do not fit") {
  const test::TemporaryDirectory directory;
  const auto file = package_of(directory.path(), 100);
  const auto first = sender::block_hashes(file, 100);
  REQUIRE(first);
  const std::filesystem::path beside = file.string() + ".blocks";
  const std::string other(64, 'a');
  REQUIRE(write_file_atomic(beside, as_bytes(other + "\n")));
  CHECK(to_hex(sender::block_hashes(file, 100)->at(0)) == other);
  REQUIRE(write_file_atomic(beside, as_bytes("nonsense\n")));
  CHECK(sender::block_hashes(file, 100)->at(0) == first->at(0));
}
