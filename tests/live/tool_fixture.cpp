#include <fmt/format.h>

#include <catch2/catch.hpp>

#include <array>
#include <cstdio>

#include "tests/live/tool.h"

namespace shilu::test {

std::string output_of(const std::string& command) {
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

void make_counted_movie(const std::string& file, int seconds, const std::string& codec) {
  // Block i, 16 pixels wide, is white when bit i of the picture's number is set.
  const auto* number =
      "geq=lum='if(lt(Y,32),if(mod(floor(N/pow(2,floor(X/16))),2),235,16),128)':cb=128:cr=128";
  output_of(
      fmt::format("ffmpeg -nostdin -loglevel error -y -f lavfi -i color=gray:size=256x144:rate=25 "
                  "-f lavfi -i sine=440:sample_rate=48000 -vf \"format=yuv420p,{}\" -t {} {} {}",
                  number, seconds, codec, file));
}

}  // namespace shilu::test
