// The ONVIF client against a camera that speaks real SOAP over HTTP on loopback. No real camera was at hand.
#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <thread>

#include "capture/live/onvif.h"
#include "capture/live/soap.h"
#include "firmware/base/file_system.h"
#include "tests/base/eventually.h"
#include "tests/live/camera_process.h"
#include "tests/live/capture_process.h"

namespace shilu::test {
namespace {

class OnvifProcess {
 public:
  explicit OnvifProcess(std::vector<std::string> more) {
    ProcessOptions options;
    options.program = "python3";
    options.arguments = {std::string(SHILU_SOURCE_DIR) + "/tests/live/onvif_camera.py", "--log",
                         (directory_ / "settings").string()};
    options.arguments.insert(options.arguments.end(), more.begin(), more.end());
    options.log_file = directory_ / "log";
    process_ = ChildProcess::start(options).value();
    std::string said;
    REQUIRE(eventually([&] {
      said = read_text_file(directory_ / "log").value_or("");
      return said.find('\n') != std::string::npos;
    }));
    INFO(said);
    port_ = std::stoi(said);
  }
  ~OnvifProcess() { process_.stop(std::chrono::milliseconds(200)); }
  std::string url() const { return fmt::format("http://127.0.0.1:{}/onvif/device_service", port_); }
  std::string settings() const { return read_text_file(directory_ / "settings").value_or(""); }

 private:
  TemporaryDirectory directory_;
  ChildProcess process_;
  int port_ = 0;
};

// The example of the ONVIF Application Programmer's Guide 1.0, section 6.1.1.3.
TEST_CASE("the password's digest is the one of ONVIF's guide") {
  const std::string nonce("\x2c\xaa\x88\xe8\x6f\xc0\x8a\x42\x82\x42\xb3\x74\xce\xa6\x45\x96",
                          16);  // base64 -d of LKqI6G/AikKCQrN0zqZFlg==
  CHECK(live::password_digest(nonce, "2010-09-16T07:50:45Z", "userpassword") ==
        "tuOSpGlFlIXsozq4HFNeeGeFLEI=");
}

TEST_CASE("the key picture interval of the recorded stream is set to a second, and nothing else is changed") {
  OnvifProcess camera({"--user", "admin", "--password", "g<&>heim"});
  const auto done = live::set_key_distance_of_a_second(camera.url(), {"admin", "g<&>heim"}, "/stream");
  REQUIRE(done);
  CHECK(*done == "The camera's I-frame interval was set from 100 to 25 pictures.");
  CHECK(camera.settings() == "set 25 enc0 main & only 1920 4096 Main true\nkey main\n");
}

TEST_CASE("a camera whose clock is a day ahead is asked by its own time") {
  OnvifProcess camera({"--user", "admin", "--password", "geheim", "--clock-offset", "86400"});
  CHECK(live::set_key_distance_of_a_second(camera.url(), {"admin", "geheim"}, "/sub"));
  CHECK(camera.settings().find("key sub") != std::string::npos);
}

TEST_CASE("a wrong password, another program and nobody are told apart") {
  OnvifProcess camera({"--user", "admin", "--password", "geheim"});
  const auto wrong = live::set_key_distance_of_a_second(camera.url(), {"admin", "falsch"}, "/stream");
  REQUIRE_FALSE(wrong);
  CHECK(wrong.error().kind == ErrorKind::kPermissionDenied);
  CHECK(wrong.error().message.find("falsch") == std::string::npos);
  const auto nobody = live::set_key_distance_of_a_second("http://127.0.0.1:9/onvif", {"a", "b"}, "/stream");
  REQUIRE_FALSE(nobody);
  CHECK(nobody.error().kind == ErrorKind::kUnavailable);
  CHECK(live::parse_soap("<html>hello").error().kind == ErrorKind::kCorrupted);
  CHECK(live::parse_soap("").error().kind == ErrorKind::kCorrupted);
}

TEST_CASE("no stream but the recorded one is set") {
  OnvifProcess camera({});
  const auto done = live::set_key_distance_of_a_second(camera.url(), {}, "/another");
  REQUIRE_FALSE(done);
  CHECK(done.error().kind == ErrorKind::kFailedPrecondition);
  CHECK(camera.settings().empty());
}

TEST_CASE("a camera whose web server hangs is given up, at once when the capture ends") {
  OnvifProcess camera({"--hang", "GetStreamUri"});
  const auto begun = std::chrono::steady_clock::now();
  const auto passed = [&] { return std::chrono::steady_clock::now() - begun; };
  SECTION("after the patience of a camera") {
    CHECK_FALSE(live::set_key_distance_of_a_second(camera.url(), {}, "/stream"));
    CHECK(passed() < live::OnvifCamera::kPatience + std::chrono::seconds(2));
  }
  SECTION("at the stop") {
    std::stop_source stop;
    std::jthread soon([&stop] {
      std::this_thread::sleep_for(std::chrono::seconds(1));
      stop.request_stop();
    });
    CHECK_FALSE(live::set_key_distance_of_a_second(camera.url(), {}, "/stream", stop.get_token()));
    CHECK(passed() < std::chrono::seconds(3));
  }
}

TEST_CASE("cameras of the network are found by asking it") {
  OnvifProcess camera({"--discovery"});
  const auto found = live::discover_cameras(1.0, "127.0.0.1");
  REQUIRE(found);
  REQUIRE(found->size() == 1);
  CHECK(found->front().address == "127.0.0.1");
  CHECK(found->front().device_url == camera.url());
  CHECK(found->front().name == "Room-Camera");
}

TEST_CASE("a capture that may set its camera does so once it sees key pictures far apart") {
  Camera stream(
      "( videotestsrc is-live=true ! video/x-raw,width=160,height=120,framerate=25/1 ! x264enc "
      "tune=zerolatency "
      "key-int-max=75 ! rtph264pay name=pay0 config-interval=-1 )");
  OnvifProcess camera({"--user", "admin", "--password", "geheim"});
  CaptureProcess capture("room=" + stream.url("admin:geheim@") + "#onvif=" + camera.url());
  Peer peer(capture.socket());
  REQUIRE(peer.read_until([&] { return camera.settings().find("set 25") != std::string::npos; },
                          std::chrono::seconds(30)));
  CHECK(peer.read_until(
      [&] { return peer.states.back().detail.find("was set from 100 to 25") != std::string::npos; },
      std::chrono::seconds(10)));
}

}  // namespace
}  // namespace shilu::test
