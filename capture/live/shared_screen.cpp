#include "capture/live/shared_screen.h"

#include <cstdlib>
#include <filesystem>

#include "capture/live/desktop_portal.h"
#include "capture/live/gst_owner.h"
#include "firmware/base/ids.h"

namespace shilu::live {
namespace {

// Of the ScreenCast interface.
constexpr std::uint32_t kMonitor = 1;           // a source type: a whole screen
constexpr std::uint32_t kPointerInPicture = 2;  // a cursor mode
constexpr std::uint32_t kUntilRevoked = 2;      // a persist mode
constexpr std::uint32_t kPersists = 4;          // the version that can

constexpr Nanoseconds kPatience = std::chrono::seconds(10);
constexpr Nanoseconds kQuickLook = std::chrono::seconds(2);

void add(GVariantBuilder& options, const char* name, GVariant* value) {
  g_variant_builder_add(&options, "{sv}", name, value);
}

std::string text_in(const DesktopPortal::Answer& answer, const char* name) {
  const gchar* text = nullptr;
  const bool found = g_variant_lookup(answer.results.get(), name, "&s", &text) != FALSE;
  return found ? text : "";
}

// What came of a question to the person. A token is good for one question, whatever comes of it.
Status judge(const DesktopPortal::Answer& answer, ScreenConsent& consent) {
  if (answer.response == 0) return {};
  consent.keep("");
  if (answer.response == 1)
    return fail(ErrorKind::kPermissionDenied, "the person at the screen did not allow it");
  return fail(ErrorKind::kUnavailable, "the desktop's portal could not share it");
}

std::optional<std::uint32_t> first_node(const DesktopPortal::Answer& answer) {
  const GVariantOwner streams(
      g_variant_lookup_value(answer.results.get(), "streams", G_VARIANT_TYPE("a(ua{sv})")));
  if (!streams || g_variant_n_children(streams.get()) == 0) return std::nullopt;
  guint32 node = 0;
  g_variant_get_child(streams.get(), 0, "(ua{sv})", &node, nullptr);
  return node;
}

bool pipewire_runs() {
  for (const char* name : {"PIPEWIRE_RUNTIME_DIR", "XDG_RUNTIME_DIR"}) {
    const char* directory = std::getenv(name);
    std::error_code error;
    if (directory != nullptr &&
        std::filesystem::exists(std::filesystem::path(directory) / "pipewire-0", error))
      return true;
  }
  return false;
}

Status check_screens(DesktopPortal& portal) {
  const auto types = portal.property("AvailableSourceTypes", kPatience);
  if (!types && types.error().kind != ErrorKind::kFailedPrecondition)
    return tl::make_unexpected(types.error());
  if ((types.value_or(0) & kMonitor) != 0) return {};
  if (!pipewire_runs())
    return fail(ErrorKind::kNotFound, "PipeWire does not run here, without which a desktop shares no screen");
  return fail(ErrorKind::kNotFound,
              "this desktop's portal shares no screens: the part for this desktop is missing "
              "(xdg-desktop-portal-wlr, -gnome, -kde)");
}

}  // namespace

SharedScreen::SharedScreen(std::unique_ptr<DesktopPortal> portal) : portal_(std::move(portal)) {}

SharedScreen::~SharedScreen() {
  if (!session_.empty() && !portal_->closed()) portal_->close("org.freedesktop.portal.Session", session_);
}

Result<std::unique_ptr<SharedScreen>> SharedScreen::open(ScreenConsent& consent,
                                                         const std::function<void()>& asking,
                                                         const std::stop_token& stop) {
  SHILU_TRY(auto portal, DesktopPortal::open());
  std::unique_ptr<SharedScreen> screen(new SharedScreen(std::move(portal)));
  SHILU_CHECK(check_screens(*screen->portal_));
  if (consent.token().empty() && !consent.may_ask())
    return fail(ErrorKind::kFailedPrecondition, "the person at the screen has not been asked yet");
  SHILU_CHECK(screen->begin(stop));
  if (consent.token().empty()) asking();
  SHILU_CHECK(screen->choose(consent, stop));
  SHILU_CHECK(screen->start(consent, stop));
  SHILU_TRY(screen->pipewire_, screen->portal_->open_pipewire(screen->session_));
  return screen;
}

Status SharedScreen::begin(const std::stop_token& stop) {
  auto token = "shilu" + new_uuid();
  std::erase(token, '-');
  GVariantBuilder options;
  g_variant_builder_init(&options, G_VARIANT_TYPE_VARDICT);
  add(options, "session_handle_token", g_variant_new_string(token.c_str()));
  SHILU_TRY(const auto answer, portal_->request("CreateSession", {}, options, stop));
  session_ = text_in(answer, "session_handle");
  if (answer.response != 0 || g_variant_is_object_path(session_.c_str()) == FALSE) {
    session_.clear();
    return fail(ErrorKind::kUnavailable, "the desktop's portal opens no session");
  }
  portal_->watch_session(session_);
  return {};
}

Status SharedScreen::choose(ScreenConsent& consent, const std::stop_token& stop) {
  const auto version = portal_->property("version", kPatience).value_or(1);
  const auto pointers = portal_->property("AvailableCursorModes", kPatience).value_or(0);
  GVariantBuilder options;
  g_variant_builder_init(&options, G_VARIANT_TYPE_VARDICT);
  add(options, "types", g_variant_new_uint32(kMonitor));
  add(options, "multiple", g_variant_new_boolean(FALSE));
  if ((pointers & kPointerInPicture) != 0)
    add(options, "cursor_mode", g_variant_new_uint32(kPointerInPicture));
  if (version >= kPersists) {
    add(options, "persist_mode", g_variant_new_uint32(kUntilRevoked));
    if (!consent.token().empty())
      add(options, "restore_token", g_variant_new_string(consent.token().c_str()));
  }
  SHILU_TRY(const auto answer,
            portal_->request("SelectSources", {g_variant_new_object_path(session_.c_str())}, options, stop));
  return judge(answer, consent);
}

Status SharedScreen::start(ScreenConsent& consent, const std::stop_token& stop) {
  GVariantBuilder options;
  g_variant_builder_init(&options, G_VARIANT_TYPE_VARDICT);
  SHILU_TRY(const auto answer,
            portal_->request("Start", {g_variant_new_object_path(session_.c_str()), g_variant_new_string("")},
                             options, stop));
  SHILU_CHECK(judge(answer, consent));
  const auto node = first_node(answer);
  if (!node) return fail(ErrorKind::kUnavailable, "the desktop shares no screen");
  node_ = *node;
  consent.keep(text_in(answer, "restore_token"));
  return {};
}

std::optional<Error> SharedScreen::ended() {
  if (!portal_->closed()) return std::nullopt;
  return Error{ErrorKind::kNotFound, "the desktop has ended the sharing"};
}

bool screens_can_be_shared() {
  const auto portal = DesktopPortal::open();
  if (!portal) return false;
  return ((*portal)->property("AvailableSourceTypes", kQuickLook).value_or(0) & kMonitor) != 0;
}

}  // namespace shilu::live
