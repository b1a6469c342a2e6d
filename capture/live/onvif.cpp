#include "capture/live/onvif.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <ctime>

#include "capture/live/soap.h"
#include "firmware/base/clock.h"
#include "firmware/http/client.h"

namespace shilu::live {
namespace {

constexpr Nanoseconds kPatienceOfOne = std::chrono::seconds(5);

// A question and its answer, which has to come before `until`.
Result<SoapAnswer> ask_once(const std::string& url, const std::string& body,
                            const std::optional<SoapCredentials>& credentials, MonotonicTime until,
                            const std::stop_token& stop) {
  const auto rest = std::min(kPatienceOfOne, until - SystemClock().monotonic());
  if (rest <= Nanoseconds(0)) return fail(ErrorKind::kTimedOut, "its answers take too long");
  const auto patience = std::chrono::ceil<std::chrono::milliseconds>(rest);
  http::ClientOptions options;
  options.connect_timeout = patience;
  http::Client client(options);
  http::ClientRequest request;
  request.method = "POST";
  request.url = url;
  request.headers = {{"Content-Type", "application/soap+xml; charset=utf-8"}};
  request.body = soap_envelope(body, credentials);
  request.answer_timeout = patience;
  request.on_progress = [&](std::uint64_t) {
    return !stop.stop_requested() && SystemClock().monotonic() < until;
  };
  SHILU_TRY(const auto response, client.perform(request));
  if (response.status == 401) {
    return fail(ErrorKind::kPermissionDenied, "it refuses the user name or the password");
  }
  return parse_soap(response.body);
}

std::int64_t now_s() {
  return SystemClock().wall().ns / 1'000'000'000;
}

// Days since 1970 of a date of the Gregorian calendar, by the C library.
std::optional<std::int64_t> utc_seconds(const pugi::xml_node& utc) {
  const auto number = [&](const char* name) { return descendant(utc, name).text().as_int(-1); };
  std::tm time{};
  time.tm_year = number("Year") - 1900;
  time.tm_mon = number("Month") - 1;
  time.tm_mday = number("Day");
  time.tm_hour = number("Hour");
  time.tm_min = number("Minute");
  time.tm_sec = number("Second");
  if (time.tm_year < 70 || time.tm_mon < 0 || time.tm_mday < 1) return std::nullopt;
  return ::timegm(&time);
}

// "rtsp://10.0.0.8/stream1?x=y" -> "/stream1?x=y"
std::string path_of(const std::string& url) {
  const auto scheme = url.find("://");
  const auto slash = url.find('/', scheme == std::string::npos ? 0 : scheme + 3);
  return slash == std::string::npos ? "" : url.substr(slash);
}

}  // namespace

OnvifCamera::OnvifCamera(const std::string& device_url, OnvifAccount account, std::stop_token stop)
    : url_(device_url),
      account_(std::move(account)),
      stop_(std::move(stop)),
      until_(SystemClock().monotonic() + kPatience) {}

Result<SoapAnswer> OnvifCamera::ask(const std::string& body) {
  const auto created =
      fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(static_cast<std::time_t>(now_s() + clock_offset_s_)));
  return ask_once(url_, body, SoapCredentials{account_.user, account_.password, created}, until_, stop_);
}

Result<OnvifCamera> OnvifCamera::open(const std::string& device_url, OnvifAccount account,
                                      std::stop_token stop) {
  OnvifCamera camera(device_url, std::move(account), std::move(stop));
  // The one question that is answered without an account: a token is only good near the camera's own time.
  SHILU_TRY(const auto time,
            ask_once(device_url, "<tds:GetSystemDateAndTime/>", std::nullopt, camera.until_, camera.stop_));
  if (const auto seconds = utc_seconds(descendant(time.body, "UTCDateTime")))
    camera.clock_offset_s_ = *seconds - now_s();
  SHILU_TRY(const auto services,
            camera.ask("<tds:GetCapabilities><tds:Category>Media</tds:Category></tds:GetCapabilities>"));
  const auto media = text_of(descendant(services.body, "Media"), "XAddr");
  if (media.empty()) return fail(ErrorKind::kCorrupted, "it has no media service of ONVIF 1.0");
  camera.url_ = media;
  return camera;
}

Result<std::vector<OnvifProfile>> OnvifCamera::profiles() {
  SHILU_TRY(const auto answer, ask("<trt:GetProfiles/>"));
  std::vector<OnvifProfile> profiles;
  for (const auto& node : descendant(answer.body, "GetProfilesResponse").children()) {
    const auto encoder = descendant(node, "VideoEncoderConfiguration");
    if (local_name(node) != "Profiles" || !encoder) continue;
    if (profiles.size() == kMostProfiles) break;
    OnvifProfile profile;
    profile.token = node.attribute("token").as_string();
    profile.encoder_token = encoder.attribute("token").as_string();
    profile.encoding = text_of(encoder, "Encoding");
    profile.frames_per_second = descendant(encoder, "FrameRateLimit").text().as_int();
    profile.pictures_per_key = descendant(encoder, "GovLength").text().as_int();
    const auto uri =
        ask(fmt::format("<trt:GetStreamUri><trt:StreamSetup><tt:Stream>RTP-Unicast</tt:Stream><tt:Transport>"
                        "<tt:Protocol>RTSP</tt:Protocol></tt:Transport></trt:StreamSetup><trt:ProfileToken>{}"
                        "</trt:ProfileToken></trt:GetStreamUri>",
                        xml_escaped(profile.token)));
    if (uri) profile.stream_path = path_of(text_of(uri->body, "Uri"));
    profiles.push_back(std::move(profile));
  }
  return profiles;
}

Status OnvifCamera::set_pictures_per_key(const OnvifProfile& profile, int pictures) {
  SHILU_TRY(
      const auto answer,
      ask(fmt::format("<trt:GetVideoEncoderConfiguration><trt:ConfigurationToken>{}</trt:ConfigurationToken>"
                      "</trt:GetVideoEncoderConfiguration>",
                      xml_escaped(profile.encoder_token))));
  auto configuration = descendant(answer.body, "Configuration");
  auto length = descendant(configuration, "GovLength");
  if (!length)
    return fail(ErrorKind::kFailedPrecondition, "its encoder has no key picture interval that can be set");
  length.text().set(pictures);
  return ask(fmt::format(
                 "<trt:SetVideoEncoderConfiguration>{}<trt:ForcePersistence>true</trt:ForcePersistence>"
                 "</trt:SetVideoEncoderConfiguration>",
                 copied_as(configuration, "trt:Configuration")))
      .map([](const SoapAnswer&) {});
}

Status OnvifCamera::ask_for_key_picture(const OnvifProfile& profile) {
  return ask(fmt::format("<trt:SetSynchronizationPoint><trt:ProfileToken>{}</trt:ProfileToken></"
                         "trt:SetSynchronizationPoint>",
                         xml_escaped(profile.token)))
      .map([](const SoapAnswer&) {});
}

Result<std::string> set_key_distance_of_a_second(const std::string& device_url, const OnvifAccount& account,
                                                 const std::string& stream_path, std::stop_token stop) {
  SHILU_TRY(auto camera, OnvifCamera::open(device_url, account, std::move(stop)));
  SHILU_TRY(const auto profiles, camera.profiles());
  if (profiles.empty()) return fail(ErrorKind::kFailedPrecondition, "it tells no profile with a picture");
  const auto found = std::find_if(profiles.begin(), profiles.end(),
                                  [&](const OnvifProfile& one) { return one.stream_path == stream_path; });
  if (found == profiles.end() && profiles.size() > 1)
    return fail(ErrorKind::kFailedPrecondition, "none of its profiles tells this stream's address");
  const auto& profile = found == profiles.end() ? profiles.front() : *found;
  const int pictures = std::max(profile.frames_per_second, 1);
  SHILU_CHECK(camera.set_pictures_per_key(profile, pictures));
  static_cast<void>(camera.ask_for_key_picture(profile));  // a comfort that few cameras know
  return fmt::format("The camera's I-frame interval was set from {} to {} pictures.",
                     profile.pictures_per_key, pictures);
}

}  // namespace shilu::live
