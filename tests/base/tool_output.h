#pragma once
// What another program says: expected values come from tools that are not ours.

#include <array>
#include <catch2/catch.hpp>
#include <cstdio>
#include <string>

namespace shilu::test {

// The standard output of a shell command that must succeed; a test's own fixed text only.
inline std::string output_of(const std::string& command) {
  INFO(command);
  FILE* pipe = ::popen(command.c_str(), "r");
  REQUIRE(pipe != nullptr);
  std::string text;
  std::array<char, 65536> block{};
  for (std::size_t got = 1; got > 0;) {
    got = std::fread(block.data(), 1, block.size(), pipe);
    text.append(block.data(), got);
  }
  REQUIRE(::pclose(pipe) == 0);
  return text;
}

}  // namespace shilu::test
