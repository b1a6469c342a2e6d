#include "capture/live/source_spec.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "firmware/lesson/track.h"

namespace shilu::live {
namespace {

constexpr std::uint16_t kRtspPort = 554;   // RFC 2326 section 3.2
constexpr std::uint16_t kRtspsPort = 322;  // IANA
constexpr std::array<std::string_view, 7> kLocalKinds{"file",  "v4l2",     "screen", "alsa",
                                                      "pulse", "pipewire", "test"};

// Messages of this file never quote the URL: it may hold a password, also when it is malformed.
tl::unexpected<Error> refuse(std::string message) {
  return fail(ErrorKind::kInvalidArgument, std::move(message));
}

Result<std::string> percent_decode(std::string_view text) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded.push_back(text[i]);
      continue;
    }
    const auto byte = from_hex(text.substr(i + 1, 2));
    if (!byte || byte->size() != 1 || byte->front() == 0) {
      return refuse("the source's address has a % that is not followed by two hexadecimal digits");
    }
    decoded.push_back(static_cast<char>(byte->front()));
    i += 2;
  }
  return decoded;
}

std::string_view cut_until(std::string_view& rest, std::string_view delimiter) {
  const auto at = rest.find(delimiter);
  const auto head = rest.substr(0, at);
  rest = at == std::string_view::npos ? std::string_view{} : rest.substr(at + delimiter.size());
  return head;
}

Status take_credentials(std::string_view& authority, SourceSpec& spec) {
  const auto at = authority.rfind('@');  // people do not encode an @ in a password
  if (at == std::string_view::npos) return {};
  auto credentials = authority.substr(0, at);
  authority.remove_prefix(at + 1);
  SHILU_TRY(spec.user, percent_decode(cut_until(credentials, ":")));
  SHILU_TRY(spec.password, percent_decode(credentials));
  return {};
}

Status take_host_and_port(std::string_view authority, SourceSpec& spec) {
  std::string_view port;
  if (authority.starts_with('[')) {
    const auto end = authority.find(']');
    if (end == std::string_view::npos) return refuse("the camera's IPv6 address has no closing bracket");
    spec.host = authority.substr(1, end - 1);
    port = authority.substr(end + 1);
  } else {
    spec.host = authority.substr(0, authority.find(':'));
    port = authority.substr(spec.host.size());
  }
  if (spec.host.empty()) return refuse("the camera's address has no host: use rtsp://HOST/PATH");
  if (port.empty()) return {};
  port.remove_prefix(1);
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), spec.port);
  if (error != std::errc{} || end != port.data() + port.size() || spec.port == 0) {
    return refuse("the camera's port is not a number from 1 to 65535");
  }
  return {};
}

// "/stream2" is on the same camera; anything else is an address of its own, which then may not hold a
// password.
Result<std::string> camera_address(std::string_view scheme, std::string_view authority,
                                   const std::string& value) {
  if (value.starts_with('/')) return fmt::format("{}://{}{}", scheme, authority, value);
  if (value.find("://") != std::string::npos && value.find('@') == std::string::npos) return value;
  return refuse("sub and onvif are followed by a path (/stream2) or an address without user and password");
}

Status read_fragment(std::string_view scheme, std::string_view authority, std::string_view fragment,
                     SourceSpec& spec) {
  while (!fragment.empty()) {
    auto pair = cut_until(fragment, "&");
    const auto key = cut_until(pair, "=");
    SHILU_TRY(const auto value, percent_decode(pair));
    if (key == "sub") {
      SHILU_TRY(spec.sub, camera_address(scheme, authority, value));
    } else if (key == "onvif") {
      const auto host = spec.host.find(':') == std::string::npos ? spec.host : "[" + spec.host + "]";
      SHILU_TRY(spec.onvif, camera_address("http", host, value));
    } else if (key == "picture" && (value == "no" || value == "yes")) {
      spec.picture = value == "yes";
    } else {
      return refuse("behind the # of a camera's address stand sub=…, onvif=… and picture=no");
    }
  }
  return {};
}

Status read_rtsp(std::string_view scheme, std::string_view rest, SourceSpec& spec) {
  // A "/" in a password is only understood when it is written as %2F, as RFC 3986 demands.
  const auto slash = std::min(rest.find('/'), rest.size());
  auto authority = rest.substr(0, slash);
  auto path = rest.substr(slash);
  const auto fragment = path.substr(std::min(path.find('#'), path.size()));
  path.remove_suffix(fragment.size());
  spec.kind = "rtsp";
  spec.port = scheme == "rtsps" ? kRtspsPort : kRtspPort;
  SHILU_CHECK(take_credentials(authority, spec));
  SHILU_CHECK(take_host_and_port(authority, spec));
  spec.location = fmt::format("{}://{}{}", scheme, authority, path);
  if (!fragment.empty()) SHILU_CHECK(read_fragment(scheme, authority, fragment.substr(1), spec));
  if (!spec.picture && !spec.sub.empty())
    return refuse("with picture=no there is no small stream to show: leave sub=… out");
  return {};
}

Status read_options(std::string_view query, SourceSpec& spec) {
  while (!query.empty()) {
    auto pair = cut_until(query, "&");
    const auto key = cut_until(pair, "=");
    SHILU_TRY(spec.options[std::string(key)], percent_decode(pair));
  }
  return {};
}

Status read_local(std::string_view scheme, std::string_view rest, SourceSpec& spec) {
  spec.kind = scheme;
  auto path = cut_until(rest, "?");
  SHILU_TRY(spec.location, percent_decode(path));
  const bool is_path = scheme == "file" || scheme == "v4l2";
  if (is_path && !spec.location.starts_with('/')) {
    return refuse(fmt::format("{}:// is followed by a path that begins with a slash", scheme));
  }
  return read_options(rest, spec);
}

}  // namespace

std::string SourceSpec::shown() const {
  if (kind == "rtsp") return fmt::format("the camera at {}:{}", host, port);
  if (kind == "file") return fmt::format("the file {}", location);
  if (kind == "v4l2") return fmt::format("the camera {}", location);
  if (is_shared_screen()) return "the shared screen";
  if (kind == "screen") return fmt::format("the screen {}", location);
  if (kind == "test") return "the test picture";
  return fmt::format("the microphone {}", location.empty() ? "default" : location);
}

SourceSpec SourceSpec::sub_stream() const {
  auto small = *this;
  small.location = sub;
  small.sub.clear();
  small.onvif.clear();
  return small;
}

Result<int> SourceSpec::number(std::string_view option, int standard, int low, int high) const {
  const auto found = options.find(std::string(option));
  if (found == options.end()) return standard;
  const auto& text = found->second;
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value < low || value > high) {
    return refuse(fmt::format("the source's option {} is a whole number from {} to {}", option, low, high));
  }
  return value;
}

Result<SourceSpec> parse_source(std::string_view argument) {
  auto url = argument;
  SourceSpec spec;
  if (argument.find('=') == std::string_view::npos) {
    return refuse("a source is given as NAME=URL, for example room=rtsp://10.0.0.8/stream1");
  }
  spec.name = cut_until(url, "=");
  if (!is_source_name(spec.name)) {
    return refuse("a source's name has 1 to 32 of a-z, 0-9 and -, and begins with a letter");
  }
  if (url.find("://") == std::string_view::npos) {
    return refuse(fmt::format("the address of source {} has no scheme such as rtsp://", spec.name));
  }
  const std::string scheme(cut_until(url, "://"));
  if (scheme == "rtsp" || scheme == "rtsps") {
    SHILU_CHECK(read_rtsp(scheme, url, spec));
  } else if (std::find(kLocalKinds.begin(), kLocalKinds.end(), scheme) != kLocalKinds.end()) {
    SHILU_CHECK(read_local(scheme, url, spec));
  } else {
    return refuse(
        fmt::format("source {} has an unknown kind; known are rtsp, rtsps, file, v4l2, screen, alsa, "
                    "pulse, pipewire and test",
                    spec.name));
  }
  return spec;
}

}  // namespace shilu::live
