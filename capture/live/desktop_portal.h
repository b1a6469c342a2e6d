#pragma once
// The line to the desktop's portal, org.freedesktop.portal.Desktop on the session bus: what a program asks
// there, it asks the person in front of the desktop. The calling convention is that of "Requests and
// Sessions" of the XDG Desktop Portal documentation: a call answers at once, what came of it is a signal.
// Thread-bound.

#include <cstdint>
#include <optional>
#include <stop_token>
#include <vector>

#include "capture/live/gio_owner.h"
#include "firmware/base/clock.h"
#include "firmware/base/result.h"
#include "firmware/base/unique_fd.h"

namespace shilu::live {

inline constexpr const char* kScreenCast = "org.freedesktop.portal.ScreenCast";
inline constexpr const char* kPortalObject = "/org/freedesktop/portal/desktop";

class DesktopPortal {
 public:
  struct Answer {
    std::uint32_t response = 0;  // 0 granted, 1 refused by the person, 2 ended otherwise
    GVariantOwner results;       // a{sv}
  };

  // kNotFound: no session bus.
  static Result<std::unique_ptr<DesktopPortal>> open();
  ~DesktopPortal();
  DesktopPortal(const DesktopPortal&) = delete;
  DesktopPortal& operator=(const DesktopPortal&) = delete;

  // A property of ScreenCast; kNotFound: there is no portal; kFailedPrecondition: it has no such property.
  Result<std::uint32_t> property(const char* name, Nanoseconds patience);
  // A call whose outcome comes later; `options` (a{sv}) go last behind `leading`, which are consumed like
  // them. Waits for as long as the person takes; `stop` withdraws the question (kCancelled).
  Result<Answer> request(const char* method, const std::vector<GVariant*>& leading, GVariantBuilder& options,
                         const std::stop_token& stop);
  Result<UniqueFd> open_pipewire(const std::string& session);
  // Ends a request or a session; does not wait for the portal to have done so.
  void close(const char* interface, const std::string& object);

  // From now on `closed` tells whether this session has been ended from the other side.
  void watch_session(const std::string& session);
  // Takes in what has been said meanwhile; does not wait. The portal, its bus or the watched session is gone.
  bool closed();

 private:
  DesktopPortal(GObjectOwner<GDBusConnection> connection, GMainContextOwner context);
  static void on_owner_changed(GDBusConnection*, const gchar*, const gchar*, const gchar*, const gchar*,
                               GVariant* parameters, gpointer self);
  static void on_session_closed(GDBusConnection*, const gchar*, const gchar*, const gchar*, const gchar*,
                                GVariant* parameters, gpointer self);
  guint subscribe(const char* sender, const char* interface, const char* member, const char* object,
                  const char* first_argument, GDBusSignalCallback callback, gpointer data);
  Result<GVariantOwner> call(const char* interface, const char* object, const char* method,
                             GVariant* arguments, Nanoseconds patience, GUnixFDList** descriptors);
  Result<Answer> await(const std::string& request, std::optional<Answer>& answer,
                       const std::stop_token& stop);

  GObjectOwner<GDBusConnection> connection_;
  GMainContextOwner context_;
  std::vector<guint> subscriptions_;
  bool gone_ = false;
};

}  // namespace shilu::live
