// What the outbox does, turn by turn: a real store, a real socket, and a clock that moves only when told.

#include "upload/sender/courier.h"

#include <atomic>
#include <catch2/catch.hpp>

#include "firmware/base/file_system.h"
#include "firmware/base/json_io.h"
#include "tests/base/test_keys.h"
#include "tests/sender/fake_platform.h"
#include "tests/store/device_store_fixture.h"
#include "upload/evidence/time_window.h"

using namespace shilu;
using namespace shilu::sender;
using namespace std::chrono_literals;
using sender::test::FakePlatform;
using store::SubmissionState;

namespace {

class Desk : public shilu::test::DeviceStoreFixture {
 public:
  Desk() {
    REQUIRE(store.create_teacher({"T001", "王老师"}, shilu::test::kPin));
    options.claim = "ABCD";
    options.device_name = "教室";
    options.seal_key = &key;
    options.state_file = folder / "enrolment.json";
    options.upload.yield_to_others = false;
  }

  // A package of its own bytes, queued.
  store::Submission add_package(std::size_t size, std::int64_t priority = store::kEvidencePriority) {
    const auto lesson = add_lesson();
    const auto clip = add_clip(lesson);
    store::NewSubmission wanted{lesson.id, clip.id, "T001", "A6", "moe-2.0", "{}", priority};
    const auto made = store.create_submission(wanted).value();
    std::string bytes(size, static_cast<char>('a' + packages_++));
    bytes.append(made.id);
    const auto file = folder / (made.id + ".zip");
    REQUIRE(write_file_atomic(file, as_bytes(bytes)));
    REQUIRE(store.package_built(made.id, file.string(), to_hex(sha256(bytes)),
                                static_cast<std::int64_t>(bytes.size())));
    return store.submission(made.id).value();
  }

  Courier& courier() {
    if (!courier_) {
      options.platform_url = platform.url();
      pace.emplace(options.upload, clock);
      courier_.emplace(options, store, clock, *pace, world());
      REQUIRE(courier_->open());
    }
    return *courier_;
  }
  void restart() { courier_.reset(); }

  Courier::World world() {
    Courier::World world;
    world.stopping = [] { return false; };
    world.changed = [this] { return std::exchange(changed, false); };
    world.on_change = [](const std::string&) {};
    world.on_progress = [this](const std::optional<Progress>& progress) {
      if (progress && on_progress) on_progress(*progress);
    };
    world.on_line = [this](const LineStatus& status) { line = status; };
    world.random = [this] { return random; };
    world.way_out = [this] { return interface; };
    world.machine_uptime = [this] { return uptime; };
    return world;
  }

  // Turns until `done`, the clock following each wait.
  template <typename Done>
  bool turn_until(Done done, int most = 60) {
    for (int i = 0; i < most; ++i) {
      if (done()) return true;
      clock.advance(courier().turn());
    }
    return done();
  }
  SubmissionState state(const store::Submission& one) { return store.submission(one.id).value().state; }
  bool is_delivered(const store::Submission& one) { return state(one) == SubmissionState::kAcknowledged; }
  store::Submission now(const store::Submission& one) { return store.submission(one.id).value(); }

  shilu::test::TemporaryDirectory folder;
  const CertifiedKey key = shilu::test::certified(folder / "keys", KeyRole::kSeal);
  FakePlatform platform;
  OutboxOptions options;
  std::optional<Pace> pace;
  std::function<void(const Progress&)> on_progress;
  LineStatus line;
  bool changed = false;
  double random = 0.5;
  std::string interface = "eth0";
  Nanoseconds uptime = 24h;

 private:
  int packages_ = 0;
  std::optional<Courier> courier_;
};

http::Response html(int status) {
  auto response = http::text(status, "<html>Welcome to the hotel</html>");
  response.content_type = "text/html";
  return response;
}

}  // namespace

TEST_CASE_METHOD(Desk, "a package is offered, sent, verified and acknowledged, in this order") {
  platform.verifying_questions = 1;
  const auto one = add_package(100'000);
  REQUIRE(turn_until([&] { return is_delivered(one); }));
  CHECK(platform.calls() == std::vector<std::string>{"info", "nonce", "enrol", "offer", "create", "head",
                                                     "patch", "state", "state"});
  REQUIRE(platform.uploads().size() == 1);
  CHECK(to_hex(sha256(platform.uploads()[0].bytes)) == *one.package_sha256);
  CHECK(now(one).receipt);
  CHECK(line.link == LineStatus::Link::kOk);
}

TEST_CASE_METHOD(Desk, "evidence goes before whole lessons, and what a person wants now before both") {
  const auto lesson = add_package(1000, store::kWholeLessonPriority);
  const auto evidence = add_package(1000);
  const auto urgent = add_package(1000);
  REQUIRE(store.send_now(urgent.id));
  REQUIRE(turn_until([&] { return is_delivered(lesson) && is_delivered(evidence) && is_delivered(urgent); }));
  std::vector<std::string> order;
  for (const auto& upload : platform.uploads()) order.push_back(upload.sha256);
  CHECK(order ==
        std::vector<std::string>{*urgent.package_sha256, *evidence.package_sha256, *lesson.package_sha256});
}

TEST_CASE_METHOD(Desk, "a package that the platform refuses or cannot take blocks no other") {
  const auto bad = add_package(1000);
  const auto busy = add_package(1000);
  const auto good = add_package(1000);
  platform.interfere = [&](const std::string& call,
                           const http::Request& request) -> std::optional<http::Response> {
    if (call != "offer") return std::nullopt;
    if (request.body.find(*bad.package_sha256) != std::string::npos)
      return http::problem(422, "point-unknown", "There is no such point.");
    if (request.body.find(*busy.package_sha256) != std::string::npos)
      return http::problem(500, "internal", "Sorry.");
    return std::nullopt;
  };
  REQUIRE(turn_until([&] { return is_delivered(good); }, 10));
  CHECK(now(bad).error_code == "refused-by-platform");
  CHECK(now(bad).last_error == "the platform answered 422: There is no such point.");
  CHECK(now(busy).error_code == "server-error");
  const int offers = platform.count("offer");
  for (int i = 0; i < 5; ++i) courier().turn();  // no time passes: neither is tried again
  CHECK(platform.count("offer") == offers);
  platform.interfere = nullptr;
  CHECK(turn_until([&] { return is_delivered(bad) && is_delivered(busy); }, 300));
}

TEST_CASE_METHOD(Desk, "Retry-After is a floor, for all that wait") {
  const auto first = add_package(1000);
  const auto second = add_package(1000);
  platform.interfere = [&](const std::string& call, const http::Request&) -> std::optional<http::Response> {
    if (call != "offer") return std::nullopt;
    return http::problem(503, "busy", "Later.").with_header("Retry-After", "120");
  };
  REQUIRE(turn_until([&] { return platform.count("offer") == 1; }));
  platform.interfere = nullptr;
  const auto begin = clock.monotonic();
  REQUIRE(turn_until([&] { return is_delivered(first) && is_delivered(second); }, 100));
  CHECK(clock.monotonic() - begin >= 120s);
  CHECK(clock.monotonic() - begin < 150s);
}

TEST_CASE_METHOD(Desk, "an upload goes on where it stood after a restart, and nothing is sent twice") {
  const auto one = add_package(20'000'000);
  std::atomic<int> patches{0};
  platform.interfere = [&](const std::string& call, const http::Request&) -> std::optional<http::Response> {
    if (call == "patch" && ++patches == 2) return http::problem(500, "internal", "Sorry.");
    return std::nullopt;
  };
  REQUIRE(turn_until([&] { return patches == 2; }));
  const auto stored = now(one);
  CHECK(stored.state == SubmissionState::kSending);
  CHECK(stored.acked_offset == 16 << 20);  // the first slice
  restart();
  REQUIRE(turn_until([&] { return is_delivered(one); }, 300));
  CHECK(platform.count("create") == 1);
  CHECK(platform.uploads()[0].bytes.size() == 20'000'036);
}

TEST_CASE_METHOD(Desk, "a block that arrives damaged is sent again, and nothing before it") {
  const auto one = add_package(20'000'000);
  platform.damage_block_at = 16 << 20;
  REQUIRE(turn_until([&] { return is_delivered(one); }));
  CHECK(platform.count("patch") == 2);  // 16 MiB, and from 8 MiB on all the rest
  CHECK(to_hex(sha256(platform.uploads()[0].bytes)) == *one.package_sha256);
}

TEST_CASE_METHOD(Desk, "a proxy that takes only small requests gets small requests") {
  const auto one = add_package(3'000'000);
  platform.refuse_bodies_over = 1'000'000;
  REQUIRE(turn_until([&] { return is_delivered(one); }));
  CHECK(platform.count("create") == 1);
}

TEST_CASE_METHOD(Desk, "an upload whose time was over at the platform is begun anew") {
  const auto one = add_package(1000);
  bool gone = true;
  platform.interfere = [&](const std::string& call, const http::Request&) -> std::optional<http::Response> {
    if (call != "head" || !std::exchange(gone, false)) return std::nullopt;
    return http::problem(410, "expired", "Its time is over.").with_header("Tus-Resumable", "1.0.0");
  };
  CHECK(turn_until([&] { return is_delivered(one); }));
}

TEST_CASE_METHOD(
    Desk,
    "an upload that the platform offers although its time is over is begun anew, not asked for in a circle") {
  const auto one = add_package(1000);
  std::atomic<bool> first_patch{true};
  platform.interfere = [&](const std::string& call,
                           const http::Request& request) -> std::optional<http::Response> {
    if (call == "patch" && first_patch.exchange(false)) return http::problem(500, "internal", "Sorry.");
    if (call == "head" && !first_patch && request.parameter("id") == "1")
      return http::problem(410, "expired", "Its time is over.").with_header("Tus-Resumable", "1.0.0");
    return std::nullopt;
  };
  REQUIRE(turn_until([&] { return is_delivered(one); }));
  CHECK(platform.count("create") == 2);
}

TEST_CASE_METHOD(Desk, "a login page is not the platform: nothing is forgotten, and all wait") {
  const auto first = add_package(1000);
  const auto second = add_package(1000);
  REQUIRE(turn_until([&] { return is_delivered(first) && is_delivered(second); }));
  const auto third = add_package(1000);
  const auto fourth = add_package(1000);
  for (const int status : {200, 302, 401, 403, 404, 511}) {
    INFO(status);
    platform.interfere = [status](const std::string&, const http::Request&) { return html(status); };
    const int enrolled = platform.count("enrol");
    const int offers = platform.count("offer");
    clock.advance(1min);
    courier().turn();
    courier().turn();
    CHECK(platform.count("offer") == offers + 1);
    CHECK(platform.count("enrol") == enrolled);
    CHECK(line.code == "portal");
    CHECK(now(third).error_code == "portal");
  }
  platform.interfere = nullptr;
  CHECK(turn_until([&] { return is_delivered(third) && is_delivered(fourth); }));
}

TEST_CASE_METHOD(Desk, "only the platform's own answer tells its clock, no page that stands in its place") {
  const auto one = add_package(1000);
  const auto put_in_place = [&](http::Response page) {
    platform.interfere = [page](const std::string&, const http::Request&) {
      return http::Response(page).with_header("Date", "Fri, 01 Jan 2100 00:00:00 GMT");
    };
    clock.advance(1min);
    courier().turn();
    CHECK(line.code == "portal");
    CHECK_FALSE(line.platform_clock);
  };
  put_in_place(html(200));
  put_in_place(http::json(200, {{"welcome", "hotel"}}));
  platform.interfere = nullptr;
  REQUIRE(turn_until([&] { return is_delivered(one); }));
  REQUIRE(line.platform_clock);
  CHECK(std::chrono::abs(line.platform_clock->ahead_of(SystemClock())) < 10s);
}

TEST_CASE_METHOD(Desk, "a token that ended is replaced, and the upload goes on") {
  const auto one = add_package(20'000'000);
  std::atomic<int> patches{0};
  platform.interfere = [&](const std::string& call, const http::Request&) -> std::optional<http::Response> {
    if (call == "patch" && ++patches == 2) platform.new_token();
    return std::nullopt;
  };
  REQUIRE(turn_until([&] { return is_delivered(one); }));
  CHECK(platform.count("enrol") == 2);
  CHECK(platform.count("create") == 1);
}

TEST_CASE_METHOD(Desk,
                 "a platform that loses what it took gets it again, but not in a circle without a pause") {
  const auto one = add_package(1000);
  platform.forget_after_upload = true;
  REQUIRE(turn_until([&] { return now(one).losses == 2; }));
  CHECK(now(one).error_code == "lost");
  const int patches = platform.count("patch");
  CHECK(patches == 2);
  clock.advance(50s);
  for (int i = 0; i < 5; ++i) courier().turn();
  CHECK(platform.count("patch") == patches);
  platform.forget_after_upload = false;
  CHECK(turn_until([&] { return is_delivered(one); }));
}

TEST_CASE_METHOD(Desk, "a person pauses, withdraws and hurries an upload that is running") {
  const auto big = add_package(40'000'000);
  const auto small = add_package(1000);
  bool done = false;
  SECTION("paused: it stands, the other goes") {
    on_progress = [&](const Progress& progress) {
      if (progress.submission_id != big.id || std::exchange(done, true)) return;
      REQUIRE(store.pause_submission(big.id));
      changed = true;
    };
    REQUIRE(turn_until([&] { return is_delivered(small); }));
    CHECK(now(big).paused);
    CHECK(state(big) == SubmissionState::kSending);
    REQUIRE(store.resume_submission(big.id));
    CHECK(turn_until([&] { return is_delivered(big); }));
  }
  SECTION("withdrawn: the platform is told") {
    on_progress = [&](const Progress& progress) {
      if (progress.submission_id != big.id || std::exchange(done, true)) return;
      REQUIRE(store.withdraw_submission(big.id));
      changed = true;
    };
    REQUIRE(turn_until([&] { return is_delivered(small); }));
    CHECK(platform.count("delete") == 1);
    CHECK_FALSE(now(big).upload_url);
  }
  SECTION("hurried: the other goes first") {
    on_progress = [&](const Progress& progress) {
      if (progress.submission_id != big.id || std::exchange(done, true)) return;
      REQUIRE(store.send_now(small.id));
      changed = true;
    };
    REQUIRE(turn_until([&] { return is_delivered(small); }));
    CHECK_FALSE(is_delivered(big));
    CHECK(turn_until([&] { return is_delivered(big); }));
    CHECK(platform.count("create") == 2);
  }
}

TEST_CASE_METHOD(Desk, "the platform is told of a withdrawn upload until it has heard it") {
  const auto one = add_package(40'000'000);
  on_progress = [&](const Progress&) {
    if (now(one).state != SubmissionState::kSending) return;
    REQUIRE(store.withdraw_submission(one.id));
    changed = true;
  };
  int refusals = 0;
  platform.interfere = [&](const std::string& call, const http::Request&) -> std::optional<http::Response> {
    if (call != "delete" || ++refusals > 2) return std::nullopt;
    return refusals == 1 ? html(503) : http::problem(401, "token", "This token is not good.");
  };
  for (int i = 0; i < 30 && platform.count("delete") == 0; ++i) courier().turn();
  REQUIRE(platform.count("delete") == 1);
  CHECK(now(one).upload_url);
  for (int i = 0; i < 5; ++i) courier().turn();
  CHECK(platform.count("delete") == 1);  // after a pause
  REQUIRE(turn_until([&] { return !now(one).upload_url; }));
  CHECK(platform.count("delete") == 3);
  CHECK(platform.count("enrol") == 2);
  CHECK(platform.uploads().empty());
}

TEST_CASE_METHOD(Desk, "questions for verdicts keep to Retry-After, and are asked one by one") {
  const store::Submission waiting[] = {add_package(1000), add_package(1000), add_package(1000)};
  for (const auto& one : waiting) REQUIRE(turn_until([&] { return is_delivered(one); }));
  const auto another = add_package(1000);
  REQUIRE(turn_until([&] { return is_delivered(another); }));
  std::atomic<bool> busy{true};
  std::atomic<int> asked{0};
  platform.interfere = [&](const std::string& call, const http::Request&) -> std::optional<http::Response> {
    if (call != "state") return std::nullopt;
    ++asked;
    if (!busy) return std::nullopt;
    return http::problem(503, "busy", "Later.").with_header("Retry-After", "100");
  };
  clock.advance(options.poll_verdict);
  const auto before = clock.monotonic();
  REQUIRE(turn_until([&] { return asked == 1; }));
  busy = false;
  REQUIRE(turn_until([&] { return asked == 2; }));
  CHECK(clock.monotonic() - before >= 100s);
}

TEST_CASE_METHOD(Desk, "a platform that shows another key later is not told the claim") {
  const auto one = add_package(1000);
  REQUIRE(turn_until([&] { return is_delivered(one); }));
  const auto two = add_package(1000);
  platform.new_token();
  const bool other_receipts = GENERATE(true, false);
  const auto shown = SigningKey::generate().public_key().pem();
  const auto true_key = load_enrolment(options.state_file, platform.url()).value()->receipt_key_pem;
  platform.interfere = [&](const std::string& call, const http::Request&) -> std::optional<http::Response> {
    if (call != "info") return std::nullopt;
    return http::json(200, {{"name", "fake"},
                            {"version", "1"},
                            {"tus", {{"version", "1.0.0"}, {"max_size", 0}, {"endpoint", "/files"}}},
                            {"receipt_key_pem", other_receipts ? shown : true_key},
                            {"identity_key", to_base64(Bytes(32, other_receipts ? 7 : 8))}});
  };
  CHECK_FALSE(turn_until([&] { return is_delivered(two); }, 30));
  CHECK(platform.count("enrol") == 1);
  CHECK(line.code == "not-believed");
  platform.interfere = nullptr;
  CHECK(turn_until([&] { return is_delivered(two); }));
}

TEST_CASE_METHOD(Desk, "a receipt of somebody else's key is not one") {
  const auto one = add_package(1000);
  REQUIRE(turn_until([&] { return state(one) == SubmissionState::kVerifying; }));
  const auto other = SigningKey::generate();
  platform.interfere = [&](const std::string& call, const http::Request&) -> std::optional<http::Response> {
    if (call != "state") return std::nullopt;
    const auto forged =
        dsse_sign("application/vnd.shilu.receipt+json", as_bytes(std::string_view("{}")), other).value();
    return http::json(
        200, {{"state", "acknowledged"}, {"offset", 0}, {"receipt", parse_json(forged.to_json()).value()}});
  };
  courier().turn();
  CHECK(state(one) == SubmissionState::kVerifying);
  CHECK(now(one).error_code == "not-believed");
}

TEST_CASE_METHOD(Desk, "a platform that hands on somebody else's nonce gets no proof of who this device is") {
  add_package(1000);
  const auto other = SigningKey::generate();
  platform.interfere = [&](const std::string& call, const http::Request&) -> std::optional<http::Response> {
    if (call != "nonce") return std::nullopt;
    const auto nonce = evidence::sign_nonce({{}, SystemClock().wall(), "another"}, other).value();
    return http::json(200, parse_json(nonce.to_json()).value());
  };
  for (int i = 0; i < 3; ++i) clock.advance(courier().turn());
  CHECK(platform.count("nonce") > 0);
  CHECK(platform.count("enrol") == 0);
  CHECK(line.code == "not-believed");
}

TEST_CASE_METHOD(Desk, "another platform's address: enrolled there, and sent there from the start") {
  const auto one = add_package(1000);
  REQUIRE(turn_until([&] { return state(one) == SubmissionState::kVerifying; }));
  FakePlatform other;
  restart();
  options.platform_url = other.url();
  pace.emplace(options.upload, clock);
  Courier moved(options, store, clock, *pace, world());
  REQUIRE(moved.open());
  for (int i = 0; i < 20 && !is_delivered(one); ++i) clock.advance(moved.turn());
  CHECK(is_delivered(one));
  CHECK(other.count("enrol") == 1);
  CHECK(other.uploads().size() == 1);
}

TEST_CASE_METHOD(Desk, "nothing leaves in forbidden hours, and on a metered line only what a person wants") {
  const auto one = add_package(1000);
  const auto other = add_package(1000);
  SECTION("forbidden hours") {
    options.upload.forbidden_hours = config::ForbiddenHours::parse({"00:00-24:00"}).value();
    for (int i = 0; i < 5; ++i) clock.advance(courier().turn());
    CHECK(platform.calls().empty());
    CHECK(line.code == "forbidden-hours");
  }
  SECTION("metered") {
    options.upload.metered_interfaces = {"wwan0"};
    interface = "wwan0";
    for (int i = 0; i < 5; ++i) clock.advance(courier().turn());
    CHECK(platform.count("offer") == 0);
    CHECK(line.code == "metered");
    REQUIRE(store.send_now(other.id));
    REQUIRE(turn_until([&] { return is_delivered(other); }));
    CHECK_FALSE(is_delivered(one));
    interface = "eth0";
    CHECK(turn_until([&] { return is_delivered(one); }));
  }
}

TEST_CASE_METHOD(Desk, "a wall clock that is set does not change how long things wait") {
  const auto one = add_package(1000);
  platform.interfere = [&](const std::string& call, const http::Request&) -> std::optional<http::Response> {
    if (call == "offer") return http::problem(422, "point-unknown", "No.");
    return std::nullopt;
  };
  REQUIRE(turn_until([&] { return platform.count("offer") == 1; }));
  const auto before = now(one).next_attempt_utc_ms;
  clock.set_wall({clock.wall().ns - 3'600'000'000'000});
  courier().turn();
  CHECK(now(one).next_attempt_utc_ms == before - 3'600'000);
}

TEST_CASE_METHOD(Desk, "devices that got their power back together do not come together") {
  const auto one = add_package(1000);
  uptime = 20s;
  random = 0.9;
  const auto begin = clock.monotonic();
  REQUIRE(turn_until([&] { return is_delivered(one); }));
  CHECK(clock.monotonic() - begin >= 13s);  // 0.9 of 15 s
  restart();
  const auto two = add_package(1000);
  courier();
  courier().on_person();
  const auto again = clock.monotonic();
  REQUIRE(turn_until([&] { return is_delivered(two); }));
  CHECK(clock.monotonic() - again < 5s);
}
