#include "firmware/http/patience.h"

#include <catch2/catch.hpp>

using namespace shilu::http;
using namespace std::chrono_literals;

TEST_CASE("patience doubles while connections bring nothing, and begins anew with the first byte") {
  Patience patience(2s, 20s);
  CHECK(patience.silence() == 2s);
  patience.on_nothing();
  patience.on_nothing();
  CHECK(patience.silence() == 8s);
  for (int i = 0; i < 10; ++i) patience.on_nothing();
  CHECK(patience.silence() == 20s);
  patience.on_progress();
  CHECK(patience.silence() == 2s);
  CHECK(Patience(2s, 1s).silence() == 1s);
}
