// Preloaded into xdg-desktop-portal-wlr 0.7.0 by wayland_desktop.py. That version takes the version of its
// own interface for the compositor's, and refuses a compositor that offers no DMA-BUF, as one without a
// graphics card does. It is told of one that it then has no use for; the pictures go through shared memory.

#include <dlfcn.h>

#include <cstdint>
#include <cstring>

struct wl_proxy;
extern "C" const char* wl_proxy_get_class(wl_proxy* proxy);

using Handler = void (*)();

extern "C" int wl_proxy_add_listener(wl_proxy* proxy, Handler* handlers, void* data) {
  constexpr int kLinuxDmabuf = 5;  // the sixth event of zwlr_screencopy_frame_v1
  constexpr std::uint32_t kXrgb8888 = 0x34325258;
  using Add = int (*)(wl_proxy*, Handler*, void*);
  using Offer = void (*)(void*, wl_proxy*, std::uint32_t format, std::uint32_t width, std::uint32_t height);
  const auto add = reinterpret_cast<Add>(::dlsym(RTLD_NEXT, "wl_proxy_add_listener"));
  const int added = add(proxy, handlers, data);
  if (std::strcmp(wl_proxy_get_class(proxy), "zwlr_screencopy_frame_v1") == 0)
    reinterpret_cast<Offer>(handlers[kLinuxDmabuf])(data, proxy, kXrgb8888, 0, 0);
  return added;
}
