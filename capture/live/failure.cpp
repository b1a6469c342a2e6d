#include "capture/live/failure.h"

#include <fmt/format.h>

#include <cctype>

#include "capture/live/gst_owner.h"
#include "capture/live/network_probe.h"

namespace shilu::live {
namespace {

constexpr Nanoseconds kProbe = std::chrono::seconds(2);

// GStreamer's own words, in case they quote the address as it was typed.
std::string without_secrets(std::string text, const SourceSpec& spec) {
  for (const auto& secret : {spec.password, spec.user}) {
    if (secret.empty()) continue;
    for (auto at = text.find(secret); at != std::string::npos; at = text.find(secret, at + 3)) {
      text.replace(at, secret.size(), "***");
    }
  }
  return text;
}

link::StateChange explain_unreachable(const SourceSpec& spec) {
  switch (probe_tcp(spec.host, spec.port, kProbe)) {
    case Reach::kRefused:
      return lost("refused", fmt::format("Nobody answers at {}: the connection was refused.", spec.shown()));
    case Reach::kNoSuchName:
      return lost("unreachable", fmt::format("The network knows no device with the name {}.", spec.host));
    case Reach::kNoAnswer:
      return lost("unreachable", fmt::format("No answer from {}.", spec.shown()));
    case Reach::kAnswers:
      break;
  }
  return lost("failed", fmt::format("{} answers, but does not speak RTSP.", capital(spec.shown())));
}

link::StateChange explain_rtsp(const SourceSpec& spec, const GError& error) {
  const auto camera = capital(spec.shown());
  if (error.domain == GST_RESOURCE_ERROR) {
    switch (error.code) {
      case GST_RESOURCE_ERROR_NOT_AUTHORIZED:
        return lost("password", spec.user.empty() && spec.password.empty()
                                    ? fmt::format("{} asks for a user name and a password.", camera)
                                    : fmt::format("{} refused the user name or the password.", camera));
      case GST_RESOURCE_ERROR_NOT_FOUND:
        return lost("no-stream", fmt::format("{} has no stream of this name.", camera));
      case GST_RESOURCE_ERROR_OPEN_READ:
      case GST_RESOURCE_ERROR_OPEN_WRITE:
      case GST_RESOURCE_ERROR_OPEN_READ_WRITE:
        return explain_unreachable(spec);
      default:
        break;
    }
    return lost("failed", fmt::format("{} broke off: {}", camera, without_secrets(error.message, spec)));
  }
  return lost(
      "unsupported",
      fmt::format(
          "{} offers no stream that can be received over this transport, or none that can be recorded.",
          camera));
}

link::StateChange explain_local(const SourceSpec& spec, const GError& error) {
  const auto device = spec.shown();
  if (error.domain == GST_RESOURCE_ERROR) {
    switch (error.code) {
      case GST_RESOURCE_ERROR_NOT_FOUND:
        return lost("no-device", fmt::format("There is no such thing as {}.", device));
      case GST_RESOURCE_ERROR_BUSY:
        return lost("no-device", fmt::format("Another program is using {}.", device));
      case GST_RESOURCE_ERROR_OPEN_READ:
      case GST_RESOURCE_ERROR_OPEN_READ_WRITE:
        return lost("no-device", fmt::format("Cannot open {}: {}", device, error.message));
      default:
        break;
    }
  }
  const bool device_fails = error.domain == GST_RESOURCE_ERROR && error.code == GST_RESOURCE_ERROR_FAILED;
  if (device_fails) return lost("no-device", fmt::format("Cannot use {}: {}", device, error.message));
  const bool unknown_format = error.domain == GST_STREAM_ERROR && error.code != GST_STREAM_ERROR_FAILED;
  return lost(unknown_format ? "unsupported" : "failed",
              fmt::format("{} failed: {}", capital(device), error.message));
}

}  // namespace

std::string capital(std::string text) {
  if (!text.empty()) text[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(text[0])));
  return text;
}

link::StateChange lost(std::string code, std::string sentence) {
  return {link::SourceState::kLost, std::move(sentence), std::move(code)};
}

link::StateChange explain(const SourceSpec& spec, GstMessage* message) {
  GError* raw = nullptr;
  gst_message_parse_error(message, &raw, nullptr);
  const GErrorOwner error(raw);
  return spec.kind == "rtsp" ? explain_rtsp(spec, *error) : explain_local(spec, *error);
}

link::StateChange explain(const SourceSpec& spec, const Error& error) {
  const auto code = error.kind == ErrorKind::kNotFound             ? "no-device"
                    : error.kind == ErrorKind::kInvalidArgument    ? "unsupported"
                    : error.kind == ErrorKind::kPermissionDenied   ? "denied"
                    : error.kind == ErrorKind::kFailedPrecondition ? "not-asked"
                                                                   : "failed";
  return lost(code, fmt::format("{} cannot be recorded: {}.", capital(spec.shown()), error.message));
}

link::StateChange explain_silence(const SourceSpec& spec, bool had_data, bool had_streams) {
  const auto source = capital(spec.shown());
  if (had_data) return lost("no-data", fmt::format("{} stopped sending.", source));
  if (had_streams) return lost("no-data", fmt::format("{} is connected but sends nothing.", source));
  return lost("no-data", fmt::format("{} offers nothing that can be recorded.", source));
}

link::StateChange explain_asking(const SourceSpec& spec) {
  return {link::SourceState::kConnecting,
          fmt::format("Somebody at the screen has to allow that {} is recorded.", spec.shown()), "asking"};
}

link::StateChange explain_standstill(const SourceSpec& spec) {
  return {
      link::SourceState::kConnecting,
      fmt::format("Nothing has changed on {} yet, and only then its first picture comes: move the pointer.",
                  spec.shown()),
      "no-change"};
}

link::StateChange explain_keyless(const SourceSpec& spec) {
  return lost("no-key",
              fmt::format("{} sends pictures but no key picture to begin with. Set its I-frame interval "
                          "to 1 s, and turn off intra refresh.",
                          capital(spec.shown())));
}

link::StateChange without_picture(const SourceSpec& spec, bool keyless) {
  const auto source = capital(spec.shown());
  if (!keyless)
    return {link::SourceState::kLive, fmt::format("{} sends no picture: only its sound is recorded.", source),
            "no-picture"};
  return {link::SourceState::kLive,
          fmt::format("{} sends no key picture to begin with: only its sound is recorded. Set its I-frame "
                      "interval to 1 s, and turn off intra refresh.",
                      source),
          "no-key"};
}

link::StateChange explain_renewal(const SourceSpec& spec) {
  return lost("renewal",
              fmt::format("{} is connected anew to get a picture to begin with.", capital(spec.shown())));
}

link::StateChange explain_end(const SourceSpec& spec) {
  if (spec.kind == "file")
    return lost("ended", fmt::format("{} has been played to its end.", capital(spec.shown())));
  return lost("no-data", fmt::format("{} ended the connection.", capital(spec.shown())));
}

}  // namespace shilu::live
