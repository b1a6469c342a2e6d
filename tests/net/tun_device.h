#pragma once
// A TUN network device inside a network namespace of this machine (Linux
// Documentation/networking/tuntap.rst): whatever the kernel routes to it is read here, and what is written
// here arrives there. It is gone when the object is. Thread-bound.

#include <filesystem>
#include <optional>
#include <string>

#include "firmware/base/bytes.h"
#include "firmware/base/unique_fd.h"

namespace shilu::net {

class TunDevice {
 public:
  // `network` is a namespace's file, such as /run/netns/NAME. The caller's thread comes back to its own
  // namespace.
  static Result<TunDevice> open(const std::filesystem::path& network, const std::string& name);
  int fd() const { return fd_.get(); }
  Result<std::optional<Bytes>> read_packet();  // nullopt: none for now
  // A packet that the kernel does not take (the device is down) is lost, as on any line.
  void write_packet(ByteView packet);

 private:
  explicit TunDevice(UniqueFd fd) : fd_(std::move(fd)) {}
  UniqueFd fd_;
};

}  // namespace shilu::net
