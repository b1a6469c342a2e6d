#include "capture/recorder/capture_command.h"

namespace shilu::recorder {

SourceSpec capture_command(const config::SourceSettings& settings,
                           const std::filesystem::path& data_directory) {
  SourceSpec spec;
  spec.name = settings.name;
  spec.kind = settings.url.substr(0, settings.url.find("://"));
  if (spec.kind == "rtsps") spec.kind = "rtsp";
  const bool network = spec.kind == "rtsp";
  // A microphone is missed as one: docs/ref/sources.md.
  if (network && settings.url.find("picture=no", settings.url.find('#')) != std::string::npos)
    spec.kind = "rtsp-sound";
  spec.required = settings.required;
  spec.value = settings.value;
  spec.capture_arguments = {"--source", settings.name + "=" + settings.url};
  const auto add = [&](const std::string& option, const std::string& value) {
    if (!value.empty()) spec.capture_arguments.insert(spec.capture_arguments.end(), {option, value});
  };
  if (network) {
    add("--transport", settings.transport);
    add("--user", settings.user);
    add("--password-file", settings.password_file.string());
  }
  const bool shared_screen = settings.url.starts_with("screen://portal");
  if (shared_screen && !data_directory.empty())
    add("--consent-file", (data_directory / "screens" / (settings.name + ".consent")).string());
  return spec;
}

std::filesystem::path capture_program() {
  return program_directory() / "shilu-capture";
}

}  // namespace shilu::recorder
