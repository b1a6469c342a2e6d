#pragma once
// A screen that a desktop shares with us through its portal (org.freedesktop.portal.ScreenCast, version 1;
// from version 4 on somebody is asked once only). How Wayland desktops let a screen be seen. Thread-bound.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "capture/live/screen_consent.h"
#include "firmware/base/result.h"
#include "firmware/base/unique_fd.h"

namespace shilu::live {

class DesktopPortal;

class SharedScreen {
 public:
  // Blocks until somebody at the screen has agreed, for as long as it takes, or `stop`; with a token in
  // `consent` mostly nobody is asked. The consent is used up and replaced. kNotFound: no desktop session, no
  // portal, or none that shares screens; kPermissionDenied: the person refused; kFailedPrecondition: somebody
  // would have to be asked, and `consent` forbids it. `asking` is called before somebody is asked.
  static Result<std::unique_ptr<SharedScreen>> open(ScreenConsent& consent,
                                                    const std::function<void()>& asking,
                                                    const std::stop_token& stop);
  ~SharedScreen();  // ends the sharing
  SharedScreen(const SharedScreen&) = delete;
  SharedScreen& operator=(const SharedScreen&) = delete;

  int pipewire() const { return pipewire_.get(); }  // the line to PipeWire, on which only this screen is seen
  std::uint32_t node() const { return node_; }      // its number there
  // Why it is over, once the desktop has ended it. Does not wait.
  std::optional<Error> ended();

 private:
  explicit SharedScreen(std::unique_ptr<DesktopPortal> portal);
  Status begin(const std::stop_token& stop);
  Status choose(ScreenConsent& consent, const std::stop_token& stop);
  Status start(ScreenConsent& consent, const std::stop_token& stop);

  std::unique_ptr<DesktopPortal> portal_;
  std::string session_;
  UniqueFd pipewire_;
  std::uint32_t node_ = 0;
};

// Whether a portal answers here that shares whole screens; waits for at most 2 s, asks nobody.
bool screens_can_be_shared();

}  // namespace shilu::live
