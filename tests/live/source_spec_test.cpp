#include "capture/live/source_spec.h"

#include <catch2/catch.hpp>

namespace shilu::live {
namespace {

SourceSpec parsed(std::string_view argument) {
  const auto spec = parse_source(argument);
  INFO(argument);
  REQUIRE(spec);
  return *spec;
}

TEST_CASE("the password of an address is known, and stands nowhere else") {
  for (const auto* argument : {"room=rtsp://admin:geheim@10.0.0.8:8554/live/1?x=y",
                               "room=rtsp://admin:geheim@10.0.0.8:8554/live/1?x=y"}) {
    const auto spec = parsed(argument);
    CHECK(spec.kind == "rtsp");
    CHECK(spec.user == "admin");
    CHECK(spec.password == "geheim");
    CHECK(spec.location == "rtsp://10.0.0.8:8554/live/1?x=y");
    CHECK(spec.host == "10.0.0.8");
    CHECK(spec.port == 8554);
    CHECK(spec.shown() == "the camera at 10.0.0.8:8554");
  }
}

TEST_CASE("user names and passwords may be percent-encoded or hold an @ or a colon") {
  CHECK(parsed("a=rtsp://u%40x:p%2Fq@h/").user == "u@x");
  CHECK(parsed("a=rtsp://u:p%2Fq@h/").password == "p/q");
  CHECK(parsed("a=rtsp://u:p@ss:w@h/").password == "p@ss:w");
  CHECK(parsed("a=rtsp://u@h/").password.empty());
}

TEST_CASE("ports and IPv6 addresses are understood") {
  CHECK(parsed("a=rtsp://h/x").port == 554);
  CHECK(parsed("a=rtsps://h/x").port == 322);
  const auto spec = parsed("a=rtsp://[fe80::1]:99/x");
  CHECK(spec.host == "fe80::1");
  CHECK(spec.port == 99);
  CHECK(spec.location == "rtsp://[fe80::1]:99/x");
}

TEST_CASE("local sources have their place and options") {
  CHECK(parsed("b=file:///srv/a%20b.mp4").location == "/srv/a b.mp4");
  CHECK(parsed("b=v4l2:///dev/video0").location == "/dev/video0");
  CHECK(parsed("b=screen://:0").location == ":0");
  CHECK(parsed("b=screen://:0").shown() == "the screen :0");
  CHECK_FALSE(parsed("b=screen://:0").is_shared_screen());
  CHECK(parsed("b=screen://portal?fps=10").is_shared_screen());
  CHECK(parsed("b=screen://portal?fps=10").shown() == "the shared screen");
  CHECK(parsed("b=alsa://hw:1,0").location == "hw:1,0");
  const auto spec = parsed("b=test://pattern?fps=10&width=320");
  CHECK(spec.number("fps", 25, 1, 60).value() == 10);
  CHECK(spec.number("width", 640, 160, 1920).value() == 320);
  CHECK(spec.number("height", 360, 120, 1080).value() == 360);
  CHECK_FALSE(spec.number("fps", 25, 1, 5));
  CHECK_FALSE(parsed("b=test://?fps=ten").number("fps", 25, 1, 60));
}

TEST_CASE("what stands behind the # of a camera's address is for us and not for the camera") {
  const auto spec = parsed("a=rtsp://u:p@h:8554/main?x=y#sub=/small&onvif=/onvif/device_service");
  CHECK(spec.location == "rtsp://h:8554/main?x=y");
  CHECK(spec.sub == "rtsp://h:8554/small");
  CHECK(spec.onvif == "http://h/onvif/device_service");
  CHECK(spec.sub_stream().location == "rtsp://h:8554/small");
  CHECK(spec.sub_stream().password == "p");
  CHECK(spec.sub_stream().onvif.empty());
  CHECK(parsed("a=rtsp://h/main#sub=rtsp://other:99/x").sub == "rtsp://other:99/x");
  CHECK(parsed("a=rtsp://h/main#").sub.empty());
  CHECK(parsed("a=rtsp://h/main#").picture);
  CHECK_FALSE(parsed("a=rtsp://h/main#picture=no").picture);
}

TEST_CASE("what is wrong is refused, and the refusal quotes no password") {
  for (const auto* argument :
       {"rtsp://u:geheim@h/", "Room=rtsp://u:geheim@h/", "a=ftp://u:geheim@h/", "a=rtsp:/u:geheim@h",
        "a=rtsp://u:geheim@/x", "a=rtsp://u:geheim@h:0/", "a=rtsp://u:geheim@h:99999/",
        "a=rtsp://u:geheim%@h/", "a=rtsp://u:geheim@[::1/x", "a=file://geheim", "a=", "", "=",
        "a=rtsp://u:geheim%00@h/", "a=rtsp://h/x#sub=rtsp://u:geheim@h/y", "a=rtsp://h/x#sup=/geheim",
        "a=rtsp://h/x#sub=geheim", "a=rtsp://h/x#picture=geheim",
        "a=rtsp://u:geheim@h/x#sub=/s&picture=no"}) {
    const auto spec = parse_source(argument);
    INFO(argument);
    REQUIRE_FALSE(spec);
    CHECK(spec.error().kind == ErrorKind::kInvalidArgument);
    CHECK(spec.error().message.find("geheim") == std::string::npos);
  }
}

}  // namespace
}  // namespace shilu::live
