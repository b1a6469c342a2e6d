// shilu-sources: what can be recorded here, and how it looks and sounds at this moment. `shilu sources` runs it.

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>

#include "capture/monitor/survey.h"
#include "capture/recorder/capture_command.h"
#include "config/appliance.h"
#include "firmware/app/console/console.h"
#include "firmware/base/file_system.h"
#include "firmware/base/json_io.h"
#include "firmware/base/log.h"

namespace {

using namespace shilu;  // a main, not a header
using namespace shilu::cli;

struct Arguments {
  std::string config;
  std::vector<std::string> sources;
  std::string snapshots;
  bool only_given = false;
  bool discover = false;
  bool json = false;
};

// A source to look at, and what is known of it without looking.
struct Candidate {
  recorder::SourceSpec spec;
  std::string label;
  std::vector<std::string> modes;
  std::string url;  // without user and password; of devices only
};

Status add_configured(const Arguments& arguments, std::vector<Candidate>& candidates,
                      monitor::SurveyOptions& options) {
  std::filesystem::path data_directory;
  const auto add = [&](const config::SourceSettings& source) {
    candidates.push_back({recorder::capture_command(source, data_directory), "configured", {}, ""});
  };
  if (!arguments.config.empty()) {
    SHILU_TRY(const auto settings, config::load_appliance(arguments.config));
    options.runtime_directory = settings.runtime_directory;
    data_directory = settings.data_directory;
    for (const auto& source : settings.sources) add(source);
  }
  for (const auto& argument : arguments.sources) {
    SHILU_TRY(const auto source, config::parse_source_argument(argument));
    add(source);
  }
  return {};
}

bool is_configured(const std::vector<Candidate>& candidates, const std::string& url) {
  return std::any_of(candidates.begin(), candidates.end(), [&](const Candidate& one) {
    const auto& arguments = one.spec.capture_arguments;
    return std::any_of(arguments.begin(), arguments.end(),
                       [&](const std::string& text) { return text.ends_with("=" + url); });
  });
}

Status add_devices(std::vector<Candidate>& candidates, const Json& found) {
  SHILU_TRY(const auto devices, json_array(found, "devices"));
  std::size_t number = 0;
  for (const auto& device : devices) {
    SHILU_TRY(const auto kind, json_string(device, "kind"));
    SHILU_TRY(const auto url, json_string(device, "url"));
    if (is_configured(candidates, url)) continue;
    config::SourceSettings source;
    source.name = fmt::format("{}-{}", kind, ++number);
    source.url = url;
    Candidate candidate{recorder::capture_command(source), json_string_or(device, "label", ""), {}, url};
    SHILU_TRY(const auto modes, json_array(device, "modes"));
    for (const auto& mode : modes) candidate.modes.push_back(mode.get<std::string>());
    candidates.push_back(std::move(candidate));
  }
  return {};
}

Json picture_json(const monitor::PictureFacts& picture, const std::string& snapshot) {
  Json json = {{"codec", picture.codec},    {"width", picture.width},
               {"height", picture.height},  {"pictures_per_second", picture.pictures_per_second},
               {"key_distance_s", nullptr}, {"snapshot", nullptr}};
  if (picture.key_distance_seconds) json["key_distance_s"] = *picture.key_distance_seconds;
  if (!snapshot.empty()) json["snapshot"] = snapshot;
  return json;
}

Json sound_json(const monitor::SoundFacts& sound) {
  return {{"codec", sound.codec},
          {"sample_rate", sound.sample_rate},
          {"channels", sound.channels},
          {"rms_dbfs", sound.rms_dbfs},
          {"peak_dbfs", sound.peak_dbfs}};
}

Json facts_json(const Candidate& candidate, const monitor::SourceFacts& facts, const std::string& snapshot) {
  Json json = {{"name", facts.name},
               {"kind", facts.kind},
               {"label", candidate.label},
               {"url", nullptr},
               {"modes", candidate.modes},
               {"picture", nullptr},
               {"sound", nullptr},
               {"code", facts.code},
               {"problems", facts.problems},
               {"running", facts.running},
               {"took_ms", facts.took / std::chrono::milliseconds(1)}};
  if (!candidate.url.empty()) json["url"] = candidate.url;
  if (facts.picture) json["picture"] = picture_json(*facts.picture, snapshot);
  if (facts.sound) json["sound"] = sound_json(*facts.sound);
  return json;
}

void print_facts(const Candidate& candidate, const monitor::SourceFacts& facts, const std::string& snapshot) {
  fmt::print("{}  {}{}\n", facts.name, candidate.url.empty() ? facts.kind : candidate.url,
             candidate.label.empty() ? "" : "  (" + candidate.label + ")");
  if (const auto& picture = facts.picture) {
    fmt::print("  picture  {}x{}  {:.3g}/s  {}{}\n", picture->width, picture->height,
               picture->pictures_per_second, picture->codec,
               picture->key_distance_seconds
                   ? fmt::format("  a key picture every {:.1f} s", *picture->key_distance_seconds)
                   : "");
  }
  if (const auto& sound = facts.sound) {
    fmt::print("  sound    {} Hz  {} channel{}  {}  {:.0f} dBFS, peak {:.0f}\n", sound->sample_rate,
               sound->channels, sound->channels == 1 ? "" : "s", sound->codec, sound->rms_dbfs,
               sound->peak_dbfs);
  }
  if (!snapshot.empty()) fmt::print("  snapshot {}\n", snapshot);
  if (!candidate.modes.empty()) fmt::print("  modes    {}\n", fmt::join(candidate.modes, "; "));
  for (const auto& problem : facts.problems) fmt::print("  !        {}\n", problem);
}

void print_camera(const Json& camera) {
  fmt::print("{}  {}  ONVIF camera on the network, not configured: {}\n",
             json_string_or(camera, "address", ""), json_string_or(camera, "name", ""),
             json_string_or(camera, "onvif", ""));
}

Result<std::string> store_snapshot(const Arguments& arguments, const monitor::SourceFacts& facts) {
  if (arguments.snapshots.empty() || !facts.picture || facts.picture->jpeg.empty()) return std::string();
  const auto path = std::filesystem::path(arguments.snapshots) / (facts.name + ".jpg");
  SHILU_CHECK(write_file_atomic(path, facts.picture->jpeg));
  return path.string();
}

Result<int> look_at_sources(const Arguments& arguments) {
  monitor::SurveyOptions options;
  options.capture_program = recorder::capture_program();
  std::vector<Candidate> candidates;
  SHILU_CHECK(add_configured(arguments, candidates, options));
  const auto configured = static_cast<std::ptrdiff_t>(candidates.size());
  Json cameras = Json::array();
  if (!arguments.only_given) {
    const auto discover = arguments.discover ? monitor::Discover::kNetwork : monitor::Discover::kNo;
    SHILU_TRY(const auto found, monitor::list_devices(options, discover));
    SHILU_CHECK(add_devices(candidates, found));
    SHILU_TRY(cameras, json_array(found, "cameras"));
  }
  if (!arguments.snapshots.empty()) SHILU_CHECK(posix_file_system().create_directories(arguments.snapshots));

  std::vector<recorder::SourceSpec> specs;
  for (const auto& candidate : candidates) specs.push_back(candidate.spec);
  const auto all = monitor::survey(specs, options);
  Json list = Json::array();
  for (std::size_t i = 0; i < all.size(); ++i) {
    SHILU_TRY(const auto snapshot, store_snapshot(arguments, all[i]));
    list.push_back(facts_json(candidates[i], all[i], snapshot));
    if (!arguments.json) print_facts(candidates[i], all[i], snapshot);
  }
  if (arguments.json) {
    print_json({{"sources", std::move(list)}, {"cameras", std::move(cameras)}});
  } else {
    for (const auto& camera : cameras) print_camera(camera);
    if (all.empty() && cameras.empty()) fmt::print("Nothing was found that can be recorded.\n");
  }
  // Found devices may well be of no use; configured ones, which come first, must be.
  const bool all_usable =
      std::all_of(all.begin(), all.begin() + configured, [](const auto& facts) { return facts.usable(); });
  return all_usable ? kGood : kFailed;
}

}  // namespace

int main(int argc, char** argv) {
  set_log_identity("shilu-sources", LogLevel::kWarning);
  Arguments arguments;
  CLI::App app("Tells what can be recorded here, with a picture and a sound level.", "shilu sources");
  app.set_version_flag("--version", "shilu " SHILU_VERSION);
  app.add_option("--config", arguments.config, "The appliance's settings: looks at its sources");
  app.add_option("--source", arguments.sources, "NAME=URL of what is looked at; may be repeated");
  app.add_flag("--only-given", arguments.only_given, "Do not look for devices of this machine");
  app.add_option("--snapshots", arguments.snapshots, "A folder for a JPEG of each source");
  app.add_flag("--discover", arguments.discover, "Ask the network for ONVIF cameras, too");
  app.add_flag("--json", arguments.json, "Print JSON");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kGood : kWrongUse;
  }
  const auto code = look_at_sources(arguments);
  return code ? *code : report(code.error(), arguments.json);
}
