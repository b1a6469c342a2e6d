// Preloaded into xdg-desktop-portal-wlr 0.7.0 by wayland_desktop.py. That version takes the version of its
// own interface for the compositor's, and refuses a compositor that offers no DMA-BUF, as one without a
// graphics card does. It is told of one that it then has no use for; the pictures go through shared memory.
// While the file that SHILU_HOLD_PICTURES names is there, no picture is finished: as on a desktop that sends
// the first one when something changes.

#include <dlfcn.h>

#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>

struct wl_proxy;
extern "C" const char* wl_proxy_get_class(wl_proxy* proxy);

using Handler = void (*)();

namespace {

// The events of zwlr_screencopy_frame_v1, in the protocol's order.
constexpr int kReady = 2;
constexpr int kLinuxDmabuf = 5;
constexpr int kEvents = 7;

using Ready = void (*)(void*, wl_proxy*, std::uint32_t, std::uint32_t, std::uint32_t);
Ready ready_of_portal = nullptr;

void ready_when_released(void* data, wl_proxy* frame, std::uint32_t high, std::uint32_t low,
                         std::uint32_t nanoseconds) {
  const char* held = std::getenv("SHILU_HOLD_PICTURES");
  while (held != nullptr && ::access(held, F_OK) == 0) ::usleep(20'000);
  ready_of_portal(data, frame, high, low, nanoseconds);
}

}  // namespace

extern "C" int wl_proxy_add_listener(wl_proxy* proxy, Handler* handlers, void* data) {
  constexpr std::uint32_t kXrgb8888 = 0x34325258;
  using Add = int (*)(wl_proxy*, Handler*, void*);
  using Offer = void (*)(void*, wl_proxy*, std::uint32_t format, std::uint32_t width, std::uint32_t height);
  const auto add = reinterpret_cast<Add>(::dlsym(RTLD_NEXT, "wl_proxy_add_listener"));
  if (std::strcmp(wl_proxy_get_class(proxy), "zwlr_screencopy_frame_v1") != 0)
    return add(proxy, handlers, data);
  static Handler ours[kEvents];
  std::copy(handlers, handlers + kEvents, ours);
  ready_of_portal = reinterpret_cast<Ready>(handlers[kReady]);
  ours[kReady] = reinterpret_cast<Handler>(&ready_when_released);
  const int added = add(proxy, ours, data);
  reinterpret_cast<Offer>(handlers[kLinuxDmabuf])(data, proxy, kXrgb8888, 0, 0);
  return added;
}
