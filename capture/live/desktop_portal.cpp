#include "capture/live/desktop_portal.h"

#include <fmt/format.h>
#include <gio/gunixfdlist.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <optional>

#include "capture/live/gst_owner.h"
#include "firmware/base/ids.h"

namespace shilu::live {
namespace {

constexpr const char* kName = "org.freedesktop.portal.Desktop";
constexpr Nanoseconds kPatience = std::chrono::seconds(10);  // of a call; the portal may have to be started
constexpr guint kLookMs = 50;

// GIO would start a bus of its own where there is none.
bool has_session_bus() {
  if (const char* address = std::getenv("DBUS_SESSION_BUS_ADDRESS"); address != nullptr && *address != '\0')
    return true;
  const char* runtime = std::getenv("XDG_RUNTIME_DIR");
  std::error_code error;
  return runtime != nullptr && std::filesystem::exists(std::filesystem::path(runtime) / "bus", error);
}

tl::unexpected<Error> refuse(GError* raw) {
  const GErrorOwner error(raw);
  g_dbus_error_strip_remote_error(error.get());
  const auto is = [&](GDBusError code) { return g_error_matches(error.get(), G_DBUS_ERROR, code) != FALSE; };
  if (is(G_DBUS_ERROR_SERVICE_UNKNOWN) || is(G_DBUS_ERROR_NAME_HAS_NO_OWNER))
    return fail(ErrorKind::kNotFound, "this desktop has no portal (package xdg-desktop-portal)");
  if (is(G_DBUS_ERROR_UNKNOWN_METHOD) || is(G_DBUS_ERROR_UNKNOWN_INTERFACE) || is(G_DBUS_ERROR_INVALID_ARGS))
    return fail(ErrorKind::kFailedPrecondition, "the desktop's portal does not know this question");
  if (g_error_matches(error.get(), G_IO_ERROR, G_IO_ERROR_TIMED_OUT) != FALSE)
    return fail(ErrorKind::kTimedOut, "the desktop's portal does not answer");
  return fail(ErrorKind::kUnavailable, fmt::format("the desktop's portal says: {}", error->message));
}

// Signals that are subscribed to while this lives come when `context` is iterated.
class Subscribing {
 public:
  explicit Subscribing(GMainContext* context) : context_(context) {
    g_main_context_push_thread_default(context);
  }
  ~Subscribing() { g_main_context_pop_thread_default(context_); }
  Subscribing(const Subscribing&) = delete;
  Subscribing& operator=(const Subscribing&) = delete;

 private:
  GMainContext* context_;
};

// Wakes the context again and again while this lives, for a look at what is no signal.
class Ticks {
 public:
  explicit Ticks(GMainContext* context) : source_(g_timeout_source_new(kLookMs)) {
    g_source_set_callback(
        source_, [](gpointer) -> gboolean { return G_SOURCE_CONTINUE; }, nullptr, nullptr);
    g_source_attach(source_, context);
  }
  ~Ticks() {
    g_source_destroy(source_);
    g_source_unref(source_);
  }
  Ticks(const Ticks&) = delete;
  Ticks& operator=(const Ticks&) = delete;

 private:
  GSource* source_;
};

void on_response(GDBusConnection*, const gchar*, const gchar*, const gchar*, const gchar*,
                 GVariant* parameters, gpointer answer) {
  if (g_variant_is_of_type(parameters, G_VARIANT_TYPE("(ua{sv})")) == FALSE) return;
  guint32 response = 0;
  GVariant* results = nullptr;
  g_variant_get(parameters, "(u@a{sv})", &response, &results);
  *static_cast<std::optional<DesktopPortal::Answer>*>(answer) =
      DesktopPortal::Answer{response, GVariantOwner(results)};
}

int milliseconds(Nanoseconds time) {
  return static_cast<int>(time / std::chrono::milliseconds(1));
}

}  // namespace

Result<std::unique_ptr<DesktopPortal>> DesktopPortal::open() {
  if (!has_session_bus())
    return fail(ErrorKind::kNotFound,
                "no desktop session is here: DBUS_SESSION_BUS_ADDRESS is not set for the recorder");
  GError* error = nullptr;
  const GText address(g_dbus_address_get_for_bus_sync(G_BUS_TYPE_SESSION, nullptr, &error));
  GDBusConnection* connection = nullptr;
  if (address)
    connection = g_dbus_connection_new_for_address_sync(
        address.get(),
        static_cast<GDBusConnectionFlags>(G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT |
                                          G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION),
        nullptr, nullptr, &error);
  if (connection == nullptr) {
    const GErrorOwner why(error);
    return fail(ErrorKind::kNotFound, fmt::format("the desktop session cannot be reached: {}", why->message));
  }
  return std::unique_ptr<DesktopPortal>(
      new DesktopPortal(GObjectOwner<GDBusConnection>(connection), GMainContextOwner(g_main_context_new())));
}

DesktopPortal::DesktopPortal(GObjectOwner<GDBusConnection> connection, GMainContextOwner context)
    : connection_(std::move(connection)), context_(std::move(context)) {
  subscriptions_.push_back(subscribe("org.freedesktop.DBus", "org.freedesktop.DBus", "NameOwnerChanged",
                                     "/org/freedesktop/DBus", kName, on_owner_changed, this));
}

DesktopPortal::~DesktopPortal() {
  for (const auto subscription : subscriptions_)
    g_dbus_connection_signal_unsubscribe(connection_.get(), subscription);
  g_dbus_connection_close_sync(connection_.get(), nullptr, nullptr);
  while (g_main_context_iteration(context_.get(), FALSE) != FALSE) {
  }
}

void DesktopPortal::on_owner_changed(GDBusConnection*, const gchar*, const gchar*, const gchar*, const gchar*,
                                     GVariant* parameters, gpointer self) {
  const gchar* owner = nullptr;
  g_variant_get(parameters, "(&s&s&s)", nullptr, nullptr, &owner);
  if (*owner == '\0') static_cast<DesktopPortal*>(self)->gone_ = true;
}

void DesktopPortal::on_session_closed(GDBusConnection*, const gchar*, const gchar*, const gchar*,
                                      const gchar*, GVariant*, gpointer self) {
  static_cast<DesktopPortal*>(self)->gone_ = true;
}

guint DesktopPortal::subscribe(const char* sender, const char* interface, const char* member,
                               const char* object, const char* first_argument, GDBusSignalCallback callback,
                               gpointer data) {
  const Subscribing subscribing(context_.get());
  return g_dbus_connection_signal_subscribe(connection_.get(), sender, interface, member, object,
                                            first_argument, G_DBUS_SIGNAL_FLAGS_NONE, callback, data,
                                            nullptr);
}

void DesktopPortal::watch_session(const std::string& session) {
  subscriptions_.push_back(subscribe(kName, "org.freedesktop.portal.Session", "Closed", session.c_str(),
                                     nullptr, on_session_closed, this));
}

bool DesktopPortal::closed() {
  while (g_main_context_iteration(context_.get(), FALSE) != FALSE) {
  }
  return gone_ || g_dbus_connection_is_closed(connection_.get()) != FALSE;
}

Result<GVariantOwner> DesktopPortal::call(const char* interface, const char* object, const char* method,
                                          GVariant* arguments, Nanoseconds patience,
                                          GUnixFDList** descriptors) {
  GError* error = nullptr;
  GVariantOwner reply(g_dbus_connection_call_with_unix_fd_list_sync(
      connection_.get(), kName, object, interface, method, arguments, nullptr, G_DBUS_CALL_FLAGS_NONE,
      milliseconds(patience), nullptr, descriptors, nullptr, &error));
  if (!reply) return refuse(error);
  return reply;
}

Result<std::uint32_t> DesktopPortal::property(const char* name, Nanoseconds patience) {
  SHILU_TRY(const auto reply, call("org.freedesktop.DBus.Properties", kPortalObject, "Get",
                                   g_variant_new("(ss)", kScreenCast, name), patience, nullptr));
  GVariant* raw = nullptr;
  if (g_variant_is_of_type(reply.get(), G_VARIANT_TYPE("(v)")) != FALSE)
    g_variant_get(reply.get(), "(v)", &raw);
  const GVariantOwner value(raw);
  if (!value || g_variant_is_of_type(value.get(), G_VARIANT_TYPE_UINT32) == FALSE)
    return fail(ErrorKind::kUnavailable, "the desktop's portal gives an answer that is none");
  return g_variant_get_uint32(value.get());
}

Result<DesktopPortal::Answer> DesktopPortal::request(const char* method,
                                                     const std::vector<GVariant*>& leading,
                                                     GVariantBuilder& options, const std::stop_token& stop) {
  auto token = "shilu" + new_uuid();
  std::erase(token, '-');
  std::string sender = g_dbus_connection_get_unique_name(connection_.get()) + 1;  // without the colon
  std::replace(sender.begin(), sender.end(), '.', '_');
  const auto object = fmt::format("{}/request/{}/{}", kPortalObject, sender, token);
  g_variant_builder_add(&options, "{sv}", "handle_token", g_variant_new_string(token.c_str()));
  GVariantBuilder arguments;
  g_variant_builder_init(&arguments, G_VARIANT_TYPE_TUPLE);
  for (auto* one : leading) g_variant_builder_add_value(&arguments, one);
  g_variant_builder_add_value(&arguments, g_variant_builder_end(&options));

  std::optional<Answer> answer;
  const auto subscription = subscribe(kName, "org.freedesktop.portal.Request", "Response", object.c_str(),
                                      nullptr, on_response, &answer);
  auto called =
      call(kScreenCast, kPortalObject, method, g_variant_builder_end(&arguments), kPatience, nullptr);
  auto outcome = called ? await(object, answer, stop) : Result<Answer>(tl::make_unexpected(called.error()));
  g_dbus_connection_signal_unsubscribe(connection_.get(), subscription);
  return outcome;
}

Result<DesktopPortal::Answer> DesktopPortal::await(const std::string& request, std::optional<Answer>& answer,
                                                   const std::stop_token& stop) {
  const Ticks ticks(context_.get());
  while (!answer) {
    if (stop.stop_requested()) {
      close("org.freedesktop.portal.Request", request);
      return fail(ErrorKind::kCancelled, "the capture was told to end");
    }
    if (gone_ || g_dbus_connection_is_closed(connection_.get()) != FALSE)
      return fail(ErrorKind::kUnavailable, "the desktop's portal has ended");
    g_main_context_iteration(context_.get(), TRUE);
  }
  return std::move(*answer);
}

Result<UniqueFd> DesktopPortal::open_pipewire(const std::string& session) {
  GVariantBuilder options;
  g_variant_builder_init(&options, G_VARIANT_TYPE_VARDICT);
  GUnixFDList* raw = nullptr;
  auto reply = call(kScreenCast, kPortalObject, "OpenPipeWireRemote",
                    g_variant_new("(oa{sv})", session.c_str(), &options), kPatience, &raw);
  const GObjectOwner<GUnixFDList> descriptors(raw);
  if (!reply) return tl::make_unexpected(reply.error().within("PipeWire cannot be reached"));
  const int fd = descriptors ? g_unix_fd_list_get(descriptors.get(), 0, nullptr) : -1;
  if (fd < 0) return fail(ErrorKind::kUnavailable, "the desktop's portal gives no line to PipeWire");
  return UniqueFd(fd);
}

void DesktopPortal::close(const char* interface, const std::string& object) {
  g_dbus_connection_call(connection_.get(), kName, object.c_str(), interface, "Close", nullptr, nullptr,
                         G_DBUS_CALL_FLAGS_NO_AUTO_START, -1, nullptr, nullptr, nullptr);
  g_dbus_connection_flush_sync(connection_.get(), nullptr, nullptr);
}

}  // namespace shilu::live
