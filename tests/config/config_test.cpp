#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>

#include "config/appliance.h"
#include "config/catalogue.h"
#include "config/nearest.h"

using namespace shilu;
using namespace shilu::config;

namespace {

class TemporaryFile {
 public:
  explicit TemporaryFile(std::string_view text) {
    char name[] = "/tmp/shilu-config-XXXXXX";
    const int fd = mkstemp(name);
    REQUIRE(fd >= 0);
    path_ = name;
    std::ofstream(path_) << text;
    ::close(fd);
  }
  ~TemporaryFile() { std::filesystem::remove(path_); }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

std::string error_of(std::string_view toml) {
  const TemporaryFile file(toml);
  const auto settings = load_appliance(file.path());
  REQUIRE_FALSE(settings);
  REQUIRE(settings.error().kind == ErrorKind::kInvalidArgument);
  return settings.error().message.substr(file.path().string().size());
}

const std::string kDirectories = "data_directory = '/d'\nruntime_directory = '/r'\n";

}  // namespace

TEST_CASE("the example settings load and mean what they say") {
  const auto settings = load_appliance(SHILU_SOURCE_DIR "/config/appliance.example.toml");
  REQUIRE(settings);
  CHECK(settings->sources.size() == 2);
  CHECK(settings->sources[0].name == "room");
  CHECK(settings->sources[0].user == "viewer");
  CHECK(settings->sources[1].required == false);
  CHECK(settings->port == 8780);
  CHECK(settings->reserve_bytes == 2'000'000'000);
  CHECK(settings->tiles == std::vector<std::string>{"A5", "A6", "A7", "A8"});
  CHECK(settings->lessons_directory() == "/var/lib/shilu/lessons");
  CHECK(settings->retention.keep_days == 30);
  CHECK(settings->retention.unmarked_days == 0);
}

TEST_CASE("an unknown setting names its line and the nearest known one") {
  CHECK(error_of(kDirectories + "device_nam = 'x'\n") ==
        ":3: there is no setting \"device_nam\"; did you mean \"device_name\"?");
  CHECK(error_of(kDirectories + "[web]\nprot = 1\n") ==
        ":4: there is no setting \"prot\" in [web]; did you mean \"port\"?");
}

TEST_CASE("settings of the wrong type or range are refused") {
  CHECK(error_of(kDirectories + "[web]\nport = '80'\n") == ":4: \"port\" must be a whole number");
  CHECK(error_of(kDirectories + "[web]\nport = 70000\n") == ": \"port\" must lie between 0 and 65535");
  CHECK(error_of(kDirectories + "[retention]\nkeep_days = -1\n") ==
        ": \"keep_days\" must lie between 0 and 3650");
  CHECK(error_of("data_directory = '/d'\n").find("must both be set") != std::string::npos);
  CHECK(error_of(kDirectories + "x = [").rfind(":3: ", 0) == 0);
}

TEST_CASE("sources need a name, an address of a known kind, and may be there once") {
  CHECK(error_of(kDirectories + "[[source]]\nname='Room'\nurl='rtsp://a/'\n").find("cannot name a source") !=
        std::string::npos);
  CHECK(error_of(kDirectories + "[[source]]\nname='room'\nurl='gopher://a/'\n").find("needs an address") !=
        std::string::npos);
  const std::string one = "[[source]]\nname='room'\nurl='rtsp://a/'\n";
  CHECK(error_of(kDirectories + one + one).find("two sources called \"room\"") != std::string::npos);
}

TEST_CASE("a source argument is NAME=ADDRESS") {
  const auto source = parse_source_argument("room=rtsp://127.0.0.1:8554/room?x=1");
  REQUIRE(source);
  CHECK(source->name == "room");
  CHECK(source->url == "rtsp://127.0.0.1:8554/room?x=1");
  CHECK_FALSE(parse_source_argument("rtsp://127.0.0.1"));
  CHECK_FALSE(parse_source_argument("room="));
}

TEST_CASE("the built-in catalogue is the file in config and has the 30 points of 2.0") {
  const auto built_in = parse_catalogue(default_catalogue_json());
  REQUIRE(built_in);
  CHECK(built_in->points.size() == 30);
  CHECK(built_in->levels == std::vector<std::string>{"优秀", "合格", "不合格"});
  const auto from_file = load_catalogue(SHILU_SOURCE_DIR "/config/catalogues/ability-points-2.0.json");
  REQUIRE(from_file);
  REQUIRE(from_file->find("A6") != nullptr);
  CHECK(from_file->find("A6")->name == "技术支持的课堂讲授");
  CHECK(from_file->find("A6")->evidence[1].max_minutes == 10.0);
  CHECK(from_file->find("A2")->name_status == "unconfirmed");
}

TEST_CASE("an unknown ability point is answered with the nearest one") {
  const auto catalogue = parse_catalogue(default_catalogue_json());
  REQUIRE(catalogue);
  const auto point = catalogue->require("A66");
  REQUIRE_FALSE(point);
  CHECK(point.error().kind == ErrorKind::kInvalidArgument);
  CHECK(point.error().message ==
        "the catalogue cn-2.0 has no ability point \"A66\"; the nearest is A6 技术支持的课堂讲授");
}

TEST_CASE("a point is as good as the rule of the catalogue makes it") {
  const auto catalogue = parse_catalogue(default_catalogue_json());
  REQUIRE(catalogue);
  CHECK(catalogue->judge({"优秀", "优秀", "优秀"}) == "优秀");
  CHECK(catalogue->judge({"优秀", "不合格", "优秀"}) == "不合格");
  CHECK(catalogue->judge({"优秀", "合格", "优秀"}) == "合格");
  CHECK_FALSE(catalogue->judge({}));
  CHECK_FALSE(catalogue->judge({"良好"}));
}

TEST_CASE("the nearest word is the one with the fewest edits") {
  const std::string_view words[] = {"address", "port", "root"};
  CHECK(nearest("prt", words) == "port");
  CHECK(nearest("roots", words) == "root");
}
