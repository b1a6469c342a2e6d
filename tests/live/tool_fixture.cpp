#include <fmt/format.h>

#include "tests/base/tool_output.h"
#include "tests/live/tool.h"

namespace shilu::test {

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
