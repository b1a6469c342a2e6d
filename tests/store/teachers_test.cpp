#include <catch2/catch.hpp>
#include <thread>

#include "firmware/base/digest.h"
#include "firmware/base/file_system.h"
#include "tests/store/device_store_fixture.h"

using namespace shilu;
using namespace shilu::store;
using namespace std::chrono_literals;
using test::kPin;
using Fixture = test::DeviceStoreFixture;
using Outcome = SignIn::Outcome;

TEST_CASE_METHOD(Fixture, "teachers are stored, listed and renamed") {
  add_teachers();
  CHECK(store.teachers().value() == std::vector<Teacher>{{"T001", "王老师"}, {"T002", "李老师"}});
  REQUIRE(store.rename_teacher("T002", "李小明老师"));
  CHECK(store.teacher("T002").value().display_name == "李小明老师");
  CHECK(store.teacher("T003").error().kind == ErrorKind::kNotFound);
  CHECK(store.rename_teacher("T003", "x").error().kind == ErrorKind::kNotFound);
  CHECK(store.create_teacher({"T001", "other"}, kPin).error().kind == ErrorKind::kAlreadyExists);
  CHECK(store.create_teacher({"", "nobody"}, kPin).error().kind == ErrorKind::kInvalidArgument);
  CHECK(store.rename_teacher("T001", "").error().kind == ErrorKind::kInvalidArgument);
}

TEST_CASE_METHOD(Fixture, "the right PIN gives a session, which its token finds") {
  add_teachers();
  const auto result = store.sign_in("T001", kPin).value();
  REQUIRE(result.outcome == Outcome::kSignedIn);
  CHECK(store.session(result.token).value() == result.session);
  CHECK(result.session.teacher_id == "T001");
  CHECK(result.session.expires_utc_ms - result.session.created_utc_ms == 12 * 3600 * 1000);
  CHECK_FALSE(store.session("other").value());
  CHECK_FALSE(store.session("").value());
}

TEST_CASE_METHOD(Fixture, "neither the token nor the PIN stands in the file") {
  add_teachers();
  const auto token = store.sign_in("T001", kPin).value().token;
  for (const auto* suffix : {"", "-wal"}) {
    const auto text = read_text_file(file().string() + suffix).value();
    CHECK(text.find(token) == text.npos);
    CHECK(text.find(kPin) == text.npos);
  }
  const auto wal = read_text_file(file().string() + "-wal").value();
  CHECK(wal.find(as_text(sha256(token))) != wal.npos);
}

TEST_CASE_METHOD(Fixture, "a wrong PIN and an unknown teacher look the same") {
  add_teachers();
  CHECK(store.sign_in("T001", "000000").value().outcome == Outcome::kWrongPin);
  CHECK(store.sign_in("T001", "000000").value().pin_was_checked);
  CHECK(store.sign_in("T009", kPin).value().outcome == Outcome::kWrongPin);
  CHECK_FALSE(store.sign_in("T009", kPin).value().pin_was_checked);
  CHECK(store.sign_in("T001", "000000").value().token.empty());
}

TEST_CASE_METHOD(Fixture, "a session ends by signing out, by its time and by a new PIN") {
  add_teachers();
  const auto first = store.sign_in("T001", kPin).value().token;
  const auto second = store.sign_in("T001", kPin).value().token;
  REQUIRE(store.sign_out(first));
  REQUIRE(store.sign_out(first));
  CHECK_FALSE(store.session(first).value());
  CHECK(store.session(second).value());
  clock.advance(12h - 1ms);
  CHECK(store.session(second).value());
  clock.advance(1ms);
  CHECK_FALSE(store.session(second).value());
  CHECK(store.forget_expired_sessions().value() == 1);

  const auto third = store.sign_in("T001", kPin).value().token;
  REQUIRE(store.set_pin("T001", "246801"));
  CHECK_FALSE(store.session(third).value());
  CHECK(store.sign_in("T001", kPin).value().outcome == Outcome::kWrongPin);
  CHECK(store.sign_in("T001", "246801").value().outcome == Outcome::kSignedIn);
  CHECK(store.set_pin("T009", "1").error().kind == ErrorKind::kNotFound);
}

TEST_CASE_METHOD(Fixture,
                 "from the fifth wrong PIN on one waits, twice as long each time, at most 15 minutes") {
  REQUIRE(store.create_teacher({"T001", "王老师"}, kPin));
  for (int i = 0; i < 4; ++i) {
    const auto result = store.sign_in("T001", "000000").value();
    REQUIRE(result.outcome == Outcome::kWrongPin);
    REQUIRE(result.wait_ms == 0);
  }
  for (const std::int64_t expected : {30'000, 60'000, 120'000, 240'000, 480'000, 900'000, 900'000}) {
    REQUIRE(store.sign_in("T001", "000000").value().wait_ms == expected);
    clock.advance(std::chrono::milliseconds(expected - 1));
    const auto early = store.sign_in("T001", kPin).value();  // not even the right one is looked at
    REQUIRE(early.outcome == Outcome::kWait);
    REQUIRE_FALSE(early.pin_was_checked);
    REQUIRE(early.wait_ms == 1);
    clock.advance(1ms);
  }
  CHECK(store.sign_in("T001", kPin).value().outcome == Outcome::kSignedIn);
  CHECK(store.sign_in("T001", "000000").value().wait_ms == 0);
}

TEST_CASE_METHOD(
    Fixture, "waiting survives a restart, is one teacher's own, and is not lengthened by a clock set back") {
  add_teachers();
  for (int i = 0; i < 5; ++i) REQUIRE(store.sign_in("T001", "000000"));
  store = another();
  CHECK(store.sign_in("T001", kPin).value().outcome == Outcome::kWait);
  CHECK(store.sign_in("T002", kPin).value().outcome == Outcome::kSignedIn);
  clock.set_wall(WallTime{0});
  CHECK(store.sign_in("T001", kPin).value().wait_ms == 15 * 60 * 1000);
}

TEST_CASE_METHOD(Fixture, "trying PINs in parallel wins nothing") {
  REQUIRE(store.create_teacher({"T001", "王老师"}, kPin));
  std::atomic<int> looked_at = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 12; ++i) {
    threads.emplace_back([&, mine = another()]() mutable {
      if (mine.sign_in("T001", "000000").value().outcome == Outcome::kWrongPin) ++looked_at;
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK(looked_at == 5);  // four free ones and the one that closes the door
}

TEST_CASE_METHOD(Fixture, "a teacher's tiles keep their order, are at most six and none twice") {
  add_teachers();
  REQUIRE(store.set_tiles("T001", {"A6", "B2", "A1"}));
  REQUIRE(store.set_tiles("T002", {"A6"}));
  CHECK(store.tiles("T001").value() == std::vector<std::string>{"A6", "B2", "A1"});
  CHECK(store.set_tiles("T001", {"A1", "A2", "A3", "A4", "A5", "A6", "A7"}).error().kind ==
        ErrorKind::kInvalidArgument);
  CHECK_FALSE(store.set_tiles("T001", {"A1", "A1"}));
  CHECK(store.set_tiles("T009", {"A1"}).error().kind == ErrorKind::kFailedPrecondition);
  CHECK(store.tiles("T001").value() == std::vector<std::string>{"A6", "B2", "A1"});  // as before the failures
  REQUIRE(store.set_tiles("T001", {}));
  CHECK(store.tiles("T001").value().empty());
}
