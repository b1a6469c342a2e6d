#include "upload/sender/link_watch.h"

#include <linux/rtnetlink.h>
#include <net/if.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <fstream>
#include <limits>
#include <sstream>

namespace shilu::sender {
namespace {

constexpr int kQuietMs = 1000;  // one plug makes a handful of messages
constexpr unsigned kRouteUp = 1;

UniqueFd open_socket() {
  UniqueFd fd(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE));
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  address.nl_groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR | RTMGRP_IPV4_ROUTE;
  if (fd.get() >= 0 && ::bind(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
    return UniqueFd();
  return fd;
}

// Does one of the messages say that something came (rather than went)?
bool brings_something(const char* bytes, std::size_t size) {
  auto left = static_cast<unsigned>(size);
  for (auto* message = reinterpret_cast<const nlmsghdr*>(bytes); NLMSG_OK(message, left);
       message = NLMSG_NEXT(message, left)) {
    if (message->nlmsg_type == RTM_NEWADDR || message->nlmsg_type == RTM_NEWROUTE) return true;
    if (message->nlmsg_type != RTM_NEWLINK) continue;
    const auto* link = static_cast<const ifinfomsg*>(NLMSG_DATA(message));
    if ((link->ifi_flags & IFF_RUNNING) != 0) return true;
  }
  return false;
}

bool drain(int fd) {
  alignas(nlmsghdr) char bytes[16 * 1024];
  bool something = false;
  for (ssize_t got; (got = ::recv(fd, bytes, sizeof bytes, 0)) > 0;)
    something = brings_something(bytes, static_cast<std::size_t>(got)) || something;
  return something;
}

}  // namespace

LinkWatch::LinkWatch(std::function<void()> on_change)
    : on_change_(std::move(on_change)), socket_(open_socket()), ending_(::eventfd(0, EFD_CLOEXEC)) {
  if (socket_.get() >= 0 && ending_.get() >= 0) thread_ = std::thread([this] { run(); });
}

LinkWatch::~LinkWatch() {
  if (!thread_.joinable()) return;
  const std::uint64_t one = 1;
  (void)!::write(ending_.get(), &one, sizeof one);
  thread_.join();
}

void LinkWatch::run() {
  for (;;) {
    pollfd both[] = {{socket_.get(), POLLIN, 0}, {ending_.get(), POLLIN, 0}};
    if (::poll(both, 2, -1) < 0) continue;
    if (both[1].revents != 0) return;
    const bool something = drain(socket_.get());
    if (something) on_change_();
    pollfd end[] = {{ending_.get(), POLLIN, 0}};
    if (::poll(end, 1, kQuietMs) > 0) return;
    if (drain(socket_.get()) && !something) on_change_();
  }
}

// "Iface Destination Gateway Flags RefCnt Use Metric Mask …", numbers in hex but for the metric (proc(5)).
std::string default_interface(const std::string& proc_net_route) {
  std::istringstream lines(proc_net_route);
  std::string best;
  long best_metric = std::numeric_limits<long>::max();
  for (std::string line; std::getline(lines, line);) {
    std::istringstream fields(line);
    std::string name, destination, gateway, mask;
    unsigned flags = 0;
    long references = 0, use = 0, metric = 0;
    fields >> name >> destination >> gateway >> std::hex >> flags >> std::dec >> references >> use >>
        metric >> mask;
    const bool is_default = fields && destination == "00000000" && mask == "00000000";
    if (!is_default || (flags & kRouteUp) == 0 || metric >= best_metric) continue;
    best = name;
    best_metric = metric;
  }
  return best;
}

std::string default_interface() {
  std::ifstream file("/proc/net/route");
  return default_interface(std::string(std::istreambuf_iterator<char>(file), {}));
}

}  // namespace shilu::sender
