#pragma once
// Hears from the kernel (rtnetlink) when this machine gets an address, a route or a link: then an upload need
// not wait for its next try. Works without any right. And: over which interface the default route goes.

#include <functional>
#include <string>
#include <thread>

#include "firmware/base/unique_fd.h"

namespace shilu::sender {

class LinkWatch {
 public:
  // `on_change` is called on the watch's own thread, at most once a second. Where the kernel refuses, nothing
  // happens.
  explicit LinkWatch(std::function<void()> on_change);
  ~LinkWatch();
  LinkWatch(const LinkWatch&) = delete;
  LinkWatch& operator=(const LinkWatch&) = delete;

 private:
  void run();
  std::function<void()> on_change_;
  UniqueFd socket_;
  UniqueFd ending_;
  std::thread thread_;
};

// "eth0", from the text of /proc/net/route: the default route with the lowest metric; "" if there is none.
std::string default_interface(const std::string& proc_net_route);
std::string default_interface();  // of this machine

}  // namespace shilu::sender
