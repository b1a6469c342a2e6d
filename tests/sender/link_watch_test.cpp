#include "upload/sender/link_watch.h"

#include <catch2/catch.hpp>

using namespace shilu::sender;

TEST_CASE("the way out is the default route with the lowest metric that is up") {
  // As proc(5) shows it; two default routes, a school's network, and a default route that is down.
  const std::string text =
      "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n"
      "wwan0\t00000000\t0101A8C0\t0003\t0\t0\t700\t00000000\t0\t0\t0\n"
      "eth0\t00000000\t0102A8C0\t0003\t0\t0\t100\t00000000\t0\t0\t0\n"
      "eth1\t00000000\t0103A8C0\t0002\t0\t0\t10\t00000000\t0\t0\t0\n"
      "eth2\t0002A8C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n";
  CHECK(default_interface(text) == "eth0");
  CHECK(default_interface("") == "");
}

TEST_CASE("a watch begins and ends at any time") {
  for (int i = 0; i < 3; ++i) LinkWatch watch([] {});
}
