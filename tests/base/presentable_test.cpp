#include "firmware/base/presentable.h"

#include <catch2/catch.hpp>

namespace shilu {
namespace {

TEST_CASE("what a stranger wrote cannot steer a terminal") {
  CHECK(presentable("plain text, 中文, \"quoted\"") == "plain text, 中文, \"quoted\"");
  CHECK(presentable("\x1b]0;title\x07") == "?]0;title?");
  CHECK(presentable("a\nb\rc\td\x7f") == "a?b?c?d?");
  CHECK(presentable("\xc2\x9b"
                    "31m") == "??31m");          // CSI in one character
  CHECK(presentable("\xc2\xa0") == "\xc2\xa0");  // the first behind C1
  CHECK(presentable(std::string(1, '\0')) == "?");
  CHECK(presentable("\xc2").size() == 1);
}

TEST_CASE("a text that nobody would read to its end is cut between two characters") {
  CHECK(presentable(std::string(2001, 'a')) == std::string(2000, 'a') + " ...");
  CHECK(presentable(std::string(2000, 'a')) == std::string(2000, 'a'));
  CHECK(presentable("中文", 4) == "中 ...");  // three bytes each
  CHECK(presentable("中", 2) == " ...");
}

}  // namespace
}  // namespace shilu
