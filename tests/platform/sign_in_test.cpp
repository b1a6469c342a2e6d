// Wrong PINs: who has to wait after them, and who does not.

#include <catch2/catch.hpp>

#include "tests/platform/platform_fixture.h"
#include "upload/platform/platform_store.h"

using namespace shilu;
using namespace shilu::test;
using platform::PlatformStore;
using Outcome = platform::SignIn::Outcome;

namespace {

struct Door {
  TemporaryDirectory directory;
  HandClock clock;
  PlatformStore store = must(PlatformStore::open(directory / "db", clock, kCheapPassword));
  Door() { must(store.put_assessor({"E01", "name"}, "right")); }
  platform::SignIn knock(const std::string& pin, const std::string& from) {
    return must(store.sign_in("E01", pin, from));
  }
};

}  // namespace

TEST_CASE("a stranger's wrong PINs keep the stranger out, and nobody else") {
  Door door;
  for (int i = 0; i < 5; ++i) CHECK(door.knock("wrong", "10.0.0.1").outcome == Outcome::kWrongPin);
  CHECK(door.knock("right", "10.0.0.1").outcome == Outcome::kWait);
  CHECK(door.knock("right", "10.0.0.1").wait_ms == 30'000);
  CHECK(door.knock("right", "10.0.0.2").outcome == Outcome::kSignedIn);
  CHECK(door.knock("right", "10.0.0.1").outcome == Outcome::kWait);  // it is still the stranger
  door.clock.advance(std::chrono::seconds(30));
  CHECK(door.knock("right", "10.0.0.1").outcome == Outcome::kSignedIn);
}

TEST_CASE("many strangers make the account wait, but never for longer than a minute") {
  Door door;
  int stranger = 0;
  const auto tries = [&](int times) {
    for (int i = 0; i < times; ++i) {
      const auto knocked = door.knock("wrong", "10.0.0." + std::to_string(++stranger));
      REQUIRE(knocked.outcome == Outcome::kWrongPin);
    }
  };
  tries(20);
  CHECK(door.knock("wrong", "10.0.1.1").outcome == Outcome::kWrongPin);
  CHECK(door.knock("right", "10.0.2.1").wait_ms == 1000);
  for (int i = 0; i < 10; ++i) {
    door.clock.advance(std::chrono::seconds(60));
    tries(1);
  }
  CHECK(door.knock("right", "10.0.2.1").wait_ms == 60'000);
  door.clock.advance(std::chrono::seconds(60));
  CHECK(door.knock("right", "10.0.2.1").outcome == Outcome::kSignedIn);
  tries(20);  // they begin anew
}

TEST_CASE("an address that tries names and PINs has to wait before any PIN is looked at") {
  RunningPlatform platform;
  Caller peer = platform.anybody();
  const auto sign_in = [&](const std::string& id) {
    return peer.post("/api/v1/session", {{"assessor", id}, {"pin", "pin-E01"}});
  };
  for (int i = 0; i < 10; ++i) CHECK(sign_in("nobody").code() == "wrong-pin");
  CHECK(sign_in("nobody").code() == "wait");
  CHECK(sign_in("nobody").header("retry-after") == "60");
  platform.clock.advance(std::chrono::seconds(60));
  CHECK(sign_in("E01").status == 200);
}
