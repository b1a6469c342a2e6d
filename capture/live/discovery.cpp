#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "capture/live/onvif.h"
#include "capture/live/soap.h"
#include "firmware/base/clock.h"
#include "firmware/base/ids.h"
#include "firmware/base/unique_fd.h"

namespace shilu::live {
namespace {

constexpr std::uint16_t kPort = 3702;  // WS-Discovery 2005/04, section 2.4
constexpr std::size_t kMostCameras = 256;
constexpr const char* kProbe =
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?><e:Envelope "
    "xmlns:e=\"http://www.w3.org/2003/05/soap-envelope\" "
    "xmlns:w=\"http://schemas.xmlsoap.org/ws/2004/08/addressing\" "
    "xmlns:d=\"http://schemas.xmlsoap.org/ws/2005/04/discovery\" "
    "xmlns:dn=\"http://www.onvif.org/ver10/network/wsdl\">"
    "<e:Header><w:MessageID>uuid:{}</w:MessageID><w:To e:mustUnderstand=\"true\">"
    "urn:schemas-xmlsoap-org:ws:2005:04:discovery</w:To><w:Action e:mustUnderstand=\"true\">"
    "http://schemas.xmlsoap.org/ws/2005/04/discovery/Probe</w:Action></e:Header><e:Body><d:Probe>"
    "<d:Types>dn:NetworkVideoTransmitter</d:Types></d:Probe></e:Body></e:Envelope>";

std::string name_in_scopes(const std::string& scopes) {
  constexpr std::string_view kName = "onvif://www.onvif.org/name/";
  const auto from = scopes.find(kName);
  if (from == std::string::npos) return "";
  const auto name = scopes.substr(from + kName.size());
  return name.substr(0, name.find_first_of(" \n\t"));
}

std::optional<DiscoveredCamera> camera_in(const std::string& answer, const std::string& address) {
  const auto soap = parse_soap(answer);
  if (!soap) return std::nullopt;
  const auto match = descendant(soap->body, "ProbeMatch");
  const auto addresses = text_of(match, "XAddrs");
  if (addresses.empty()) return std::nullopt;
  return DiscoveredCamera{address, addresses.substr(0, addresses.find(' ')),
                          name_in_scopes(text_of(match, "Scopes"))};
}

}  // namespace

Result<std::vector<DiscoveredCamera>> discover_cameras(double seconds, const std::string& group) {
  const UniqueFd fd(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!fd) return fail_errno(errno, "make a socket");
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(kPort);
  if (::inet_pton(AF_INET, group.c_str(), &to.sin_addr) != 1) {
    return fail(ErrorKind::kInvalidArgument, "the group to ask is an IPv4 address");
  }
  const auto probe = fmt::format(fmt::runtime(kProbe), new_uuid());
  if (::sendto(fd.get(), probe.data(), probe.size(), 0, reinterpret_cast<const sockaddr*>(&to), sizeof to) <
      0) {
    return fail_errno(errno, "ask the network for cameras");
  }
  std::vector<DiscoveredCamera> cameras;
  const SystemClock clock;
  const auto end = clock.monotonic() + Nanoseconds(static_cast<std::int64_t>(seconds * 1e9));
  while (cameras.size() < kMostCameras) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - clock.monotonic()).count();
    pollfd entry{fd.get(), POLLIN, 0};
    if (left <= 0 || ::poll(&entry, 1, static_cast<int>(left)) <= 0) break;
    std::array<char, 65536> buffer;
    sockaddr_in from{};
    socklen_t from_size = sizeof from;
    const auto got =
        ::recvfrom(fd.get(), buffer.data(), buffer.size(), 0, reinterpret_cast<sockaddr*>(&from), &from_size);
    if (got <= 0) continue;
    std::array<char, INET_ADDRSTRLEN> address{};
    ::inet_ntop(AF_INET, &from.sin_addr, address.data(), address.size());
    auto camera = camera_in(std::string(buffer.data(), static_cast<std::size_t>(got)), address.data());
    const bool known =
        camera && std::any_of(cameras.begin(), cameras.end(), [&](const DiscoveredCamera& one) {
          return one.device_url == camera->device_url;
        });
    if (camera && !known) cameras.push_back(std::move(*camera));
  }
  return cameras;
}

}  // namespace shilu::live
