#include "firmware/portal/preflight.h"

#include <catch2/catch.hpp>

#include "firmware/base/json_io.h"

namespace shilu::portal {
namespace {

recorder::SourceStatus source(const std::string& name, const std::vector<std::string>& tracks) {
  recorder::SourceStatus source;
  source.name = name;
  source.kind = "rtsp";
  source.state = "live";
  for (const auto& kind : tracks) {
    recorder::TrackStatus track;
    track.name = name + "." + kind;
    source.tracks.push_back(track);
  }
  return source;
}

recorder::RecorderStatus with(std::vector<recorder::SourceStatus> sources) {
  recorder::RecorderStatus status;
  status.state = "idle";
  status.minutes_left = 900;
  status.clock_synchronised = true;
  status.sources = std::move(sources);
  return status;
}

std::string picture_lamp(const Json& told) {
  for (const auto& lamp : told["lamps"]) {
    if (lamp["id"] == "picture") return lamp["tone"];
  }
  return "none";
}

TEST_CASE("every camera gives its picture: a lesson can begin; a network microphone is no camera") {
  const auto told = preflight_json(nullptr, with({source("room", {"video", "audio"}),
                                                  source("desk", {"video"}), source("lectern", {"audio"})}));
  CHECK(picture_lamp(told) == "ok");
  CHECK(told["can_start"] == true);
  CHECK(told["sources"][2]["picture"] == false);
  CHECK(told["sources"][2]["sound"] == true);
}

TEST_CASE("a camera that is live by its sound alone warns, and as the only one blocks") {
  for (const auto* code : {"no-key", "no-picture"}) {
    for (const bool announced : {true, false}) {
      INFO(code << (announced ? ", its picture is announced" : ""));
      auto silent = source(
          "room", announced ? std::vector<std::string>{"video", "audio"} : std::vector<std::string>{"audio"});
      silent.code = code;
      silent.picture_missing = true;
      const auto beside = preflight_json(nullptr, with({silent, source("desk", {"video"})}));
      CHECK(picture_lamp(beside) == "warn");
      CHECK(beside["can_start"] == true);
      CHECK(beside["sources"][0]["picture"] == false);
      CHECK(beside["sources"][0]["code"] == code);
      const auto alone = preflight_json(nullptr, with({silent}));
      CHECK(picture_lamp(alone) == "block");
      CHECK(alone["can_start"] == false);
    }
  }
}

TEST_CASE("without a recorder, or with a full disk, no lesson can begin") {
  CHECK(preflight_json(nullptr, std::nullopt)["can_start"] == false);
  auto full = with({source("room", {"video"})});
  full.minutes_left = 0;
  CHECK(preflight_json(nullptr, full)["can_start"] == false);
}

}  // namespace
}  // namespace shilu::portal
