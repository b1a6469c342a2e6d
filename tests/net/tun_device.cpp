#include "tests/net/tun_device.h"

#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace shilu::net {
namespace {

constexpr std::size_t kLargestPacket = 65'536;

Result<UniqueFd> open_file(const char* path, int flags) {
  UniqueFd fd(::open(path, flags | O_CLOEXEC));
  if (fd.get() < 0) return fail_errno(errno, std::string("open ") + path);
  return fd;
}

Status enter(const UniqueFd& network) {
  if (::setns(network.get(), CLONE_NEWNET) == 0) return {};
  return fail_errno(errno, "enter a network namespace");
}

Result<UniqueFd> make_tun(const std::string& name) {
  SHILU_TRY(UniqueFd fd, open_file("/dev/net/tun", O_RDWR | O_NONBLOCK));
  ifreq request{};
  request.ifr_flags = IFF_TUN | IFF_NO_PI;
  name.copy(request.ifr_name, IFNAMSIZ - 1);
  if (::ioctl(fd.get(), TUNSETIFF, &request) != 0) return fail_errno(errno, "make the device " + name);
  return fd;
}

}  // namespace

Result<TunDevice> TunDevice::open(const std::filesystem::path& network, const std::string& name) {
  SHILU_TRY(const UniqueFd home, open_file("/proc/thread-self/ns/net", O_RDONLY));
  SHILU_TRY(const UniqueFd there, open_file(network.c_str(), O_RDONLY));
  SHILU_CHECK(enter(there));
  auto fd = make_tun(name);
  SHILU_CHECK(enter(home));
  if (!fd) return fail(fd.error());
  return TunDevice(std::move(*fd));
}

Result<std::optional<Bytes>> TunDevice::read_packet() {
  Bytes packet(kLargestPacket);
  const ssize_t size = ::read(fd_.get(), packet.data(), packet.size());
  if (size < 0 && (errno == EAGAIN || errno == EINTR)) return std::optional<Bytes>();
  if (size < 0) return fail_errno(errno, "read a packet");
  packet.resize(static_cast<std::size_t>(size));
  packet.shrink_to_fit();
  return std::optional(std::move(packet));
}

void TunDevice::write_packet(ByteView packet) {
  (void)!::write(fd_.get(), packet.data(), packet.size());
}

}  // namespace shilu::net
