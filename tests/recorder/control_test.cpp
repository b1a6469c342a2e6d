// The socket: what shilud and the command line say to the recorder.

#include "capture/recorder/control_client.h"

#include <catch2/catch.hpp>

#include <condition_variable>
#include <mutex>

#include "capture/recorder/control_server.h"
#include "firmware/base/ids.h"
#include "firmware/base/json_io.h"
#include "firmware/base/log.h"
#include "tests/base/eventually.h"
#include "tests/base/temporary_directory.h"
#include "tests/recorder/fake_capture_fixture.h"
#include "tests/recorder/stored_counters_fixture.h"
#include "tests/recorder/units_fixture.h"

using namespace shilu;
using namespace shilu::recorder;
using namespace shilu::test;
using std::chrono::milliseconds;

namespace {

// A recorder behind its socket, as the program puts it together.
struct Service {
  TemporaryDirectory root;
  SystemClock clock;
  EventHub hub;
  std::unique_ptr<Recorder> recorder;
  std::unique_ptr<ControlServer> server;

  std::filesystem::path runtime() const { return root / "run"; }
  std::filesystem::path socket() const { return control_socket(runtime()); }

  void open() {
    set_log_identity("test", static_cast<LogLevel>(0));
    RecorderSettings settings;
    settings.lessons_directory = root / "lessons";
    settings.runtime_directory = runtime();
    settings.capture_program = root / "no-such-program";
    settings.reserve_bytes = 1'000'000;
    settings.tick = milliseconds(100);
    settings.sources.push_back({"room", "rtsp", true, {}});
    REQUIRE(prepare_runtime_directory(runtime()));
    auto listener = listen_unix(socket());
    REQUIRE(listener);
    auto opened = Recorder::open(settings, test_key(), posix_file_system(), clock, &hub);
    REQUIRE(opened);
    recorder = std::move(*opened);
    server = std::make_unique<ControlServer>(std::move(*listener), *recorder, hub);
  }
};

// What a subscriber was told.
struct News {
  std::mutex mutex;
  std::vector<RecorderStatus> statuses;
  std::vector<FragmentNotice> fragments;
  std::vector<EpochNotice> epochs;
  int connections = 0;

  ControlSubscription::Callbacks callbacks() {
    return {[this](const RecorderStatus& status) { put(statuses, status); },
            [this](const FragmentNotice& notice) { put(fragments, notice); },
            [this](const EpochNotice& notice) { put(epochs, notice); },
            [this](bool connected) {
              const std::lock_guard lock(mutex);
              connections += connected;
            }};
  }
  template <typename T>
  void put(std::vector<T>& list, const T& item) {
    const std::lock_guard lock(mutex);
    list.push_back(item);
  }
  template <typename Condition>
  bool await(Condition condition) {
    return eventually([&] {
      const std::lock_guard lock(mutex);
      return condition();
    });
  }
};

}  // namespace

TEST_CASE("a whole lesson over the socket") {
  Service service;
  FakeCapture room(service.runtime(), "room");
  service.open();
  const ControlClient client(service.socket());
  News news;
  const ControlSubscription subscription(service.socket(), news.callbacks());
  REQUIRE(news.await([&] { return !news.statuses.empty(); }));
  CHECK(news.statuses[0].state == "idle");
  REQUIRE(eventually([&] { return service.recorder->has_picture(); }));

  StartRequest request;
  request.subject = sha256("salt T001");
  request.planned_ms = 60'000;
  const auto started = client.start(request);
  REQUIRE(started);
  REQUIRE(news.await([&] { return news.statuses.back().state == "recording"; }));
  REQUIRE(news.await([&] { return news.fragments.size() > 4 && news.epochs.size() == 2; }));

  MarkRequest mark;
  mark.id = new_uuid();
  mark.point = "A6";
  mark.pressed = service.clock.monotonic();
  mark.look_back = milliseconds(0);
  mark.look_ahead = std::chrono::seconds(20);
  const auto marked = client.mark(mark);
  REQUIRE(marked);
  CHECK(marked->is_new);
  CHECK(marked->point == "A6");
  CHECK(marked->to_ms - marked->at_ms == 20'000);
  CHECK_FALSE(client.mark(mark)->is_new);
  REQUIRE(client.undo_mark(mark.id));

  const auto status = client.status();
  REQUIRE(status);
  REQUIRE(status->lesson);
  CHECK(status->lesson->id == started->id);
  CHECK(status->lesson->directory == started->directory);
  CHECK(status->sources.at(0).tracks.size() == 2);
  CHECK(status->sources[0].tracks[0].width == 1280);
  CHECK(status->sources[0].tracks[0].fps == Approx(25));

  const auto stopped = client.stop();
  REQUIRE(stopped);
  CHECK(stopped->id == started->id);
  REQUIRE(news.await([&] { return news.statuses.back().state == "idle"; }));
  CHECK(violations_in(started->directory) == std::vector<std::string>{});

  // Every fragment and epoch was told once, with the place where it stands.
  const std::lock_guard lock(news.mutex);
  for (const auto& epoch : news.epochs) {
    CHECK(epoch.lesson_id == started->id);
    std::uint64_t next = epoch.header_size;
    std::uint32_t sequence = 0;
    for (const auto& fragment : news.fragments) {
      if (fragment.track != epoch.track) continue;
      CHECK(fragment.offset == next);
      CHECK(fragment.sequence == sequence++);
      CHECK(fragment.key);
      next = fragment.offset + fragment.size;
    }
    CHECK(std::filesystem::file_size(started->directory / epoch.track / "e000.mp4") == next);
  }
}

TEST_CASE("errors over the socket have their kind, their sentence and a stable code") {
  Service service;
  service.open();
  const ControlClient client(service.socket());
  const auto no_picture = client.start({});
  REQUIRE_FALSE(no_picture);
  CHECK(no_picture.error().kind == ErrorKind::kUnavailable);
  CHECK(control_code("start", no_picture.error().kind) == "no-picture-source");
  const auto not_recording = client.stop();
  REQUIRE_FALSE(not_recording);
  CHECK(control_code("stop", not_recording.error().kind) == "not-recording");
  CHECK(not_recording.error().message == "No lesson is being recorded.");
}

TEST_CASE("codes are those of processes.md") {
  CHECK(control_code("start", ErrorKind::kFailedPrecondition) == "already-recording");
  CHECK(control_code("start", ErrorKind::kStorageFull) == "no-space");
  CHECK(control_code("mark", ErrorKind::kFailedPrecondition) == "not-recording");
  CHECK(control_code("start", ErrorKind::kInternal) == "internal");
}

TEST_CASE("what is no request is answered with an error, and the connection goes on") {
  Service service;
  service.open();
  auto fd = connect_unix(service.socket());
  REQUIRE(fd);
  MessageChannel channel(std::move(*fd));
  for (const std::string_view text :
       {"", "{", "[]", "{\"op\":1}", "{\"op\":\"dance\"}", "{\"op\":\"mark\"}",
        "{\"op\":\"mark\",\"id\":\"x\",\"point\":7}", "{\"op\":\"start\",\"planned_ms\":-1}",
        "{\"op\":\"start\",\"subject_sha256\":\"zz\"}"}) {
    INFO(text);
    REQUIRE(channel.send(text));
    const auto answer = channel.receive(std::chrono::seconds(5));
    REQUIRE(answer);
    REQUIRE(*answer);
    const auto json = parse_json(as_text(**answer));
    REQUIRE(json);
    CHECK_FALSE(json->at("ok").get<bool>());
    CHECK(json->at("error").at("kind").is_string());
    CHECK_FALSE(json->at("error").at("message").get<std::string>().empty());
  }
  REQUIRE(channel.send(std::string_view("{\"op\":\"status\"}")));
  const auto answer = channel.receive(std::chrono::seconds(5));
  CHECK(parse_json(as_text(**answer))->at("ok").get<bool>());
}

TEST_CASE("a recorder that is away is named, and a subscription finds it again") {
  Service service;
  const ControlClient client(service.socket());
  CHECK(client.status().error().kind == ErrorKind::kUnavailable);
  News news;
  const ControlSubscription subscription(service.socket(), news.callbacks());
  service.open();
  REQUIRE(news.await([&] { return news.connections == 1; }));
  service.server.reset();
  service.recorder.reset();
  EventHub again;
  auto listener = listen_unix(service.socket());
  REQUIRE(listener);
  RecorderSettings settings;
  settings.lessons_directory = service.root / "lessons";
  settings.runtime_directory = service.runtime();
  const auto recorder = Recorder::open(settings, test_key(), posix_file_system(), service.clock, &again);
  REQUIRE(recorder);
  const ControlServer server(std::move(*listener), **recorder, again);
  CHECK(news.await([&] { return news.connections == 2; }));
}

TEST_CASE("a subscriber that does not read is cut off and holds up nobody") {
  const auto outbox = std::make_shared<Outbox>();
  EventHub hub;
  hub.subscribe(outbox);
  for (int i = 0; i < 2000; ++i) hub.publish("news");
  CHECK(outbox->closed());
  int taken = 0;
  while (outbox->take()) ++taken;
  CHECK(taken == 1000);
}

TEST_CASE("a status that was written is read back equal") {
  RecorderStatus status;
  status.state = "recording";
  status.lesson =
      LessonStatus{"id", "/d", "2026-11-21T08:00:00.000Z", 12'000, 11'000, 5'000'000, 2, 3, 1000, true};
  status.sources.push_back({"room", "rtsp", true, "live", "", "", {}});
  status.sources[0].tracks.push_back(
      {"room.video", "avc1.42c01f", 1280, 720, 25.0, 11'000, 4'000'000, 11, 2, 280, 300});
  status.free_bytes = 1'000'000'000'000;
  status.minutes_left = 900;
  status.clock_synchronised = true;
  status.clock_error_ms = 3;
  status.fault = "why";
  const auto read = RecorderStatus::from_json(status.to_json());
  REQUIRE(read);
  CHECK(canonical_json(read->to_json()) == canonical_json(status.to_json()));
  CHECK_FALSE(RecorderStatus::from_json(Json::object()));
}
