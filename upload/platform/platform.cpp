#include "upload/platform/platform.h"

#include <optional>

#include "firmware/http/server.h"
#include "upload/platform/accounts.h"
#include "upload/platform/background.h"
#include "upload/platform/device_routes.h"
#include "upload/platform/fleet_routes.h"
#include "upload/platform/keys.h"
#include "upload/platform/review_media.h"
#include "upload/platform/review_routes.h"
#include "upload/platform/session_routes.h"
#include "upload/platform/tus_routes.h"

namespace shilu::platform {
namespace {

constexpr unsigned kHandlerThreads = 8;  // a PATCH takes one while its bytes go to the disk

http::ServerOptions server_options(const PlatformSettings& settings) {
  http::ServerOptions options;
  options.address = settings.address;
  options.port = settings.port;
  options.handler_threads = kHandlerThreads;
  options.common_headers = {
      {"Content-Security-Policy",
       "default-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; style-src 'self' "
       "'unsafe-inline'; "
       "frame-src 'self'; frame-ancestors 'self'; object-src 'none'; base-uri 'none'; form-action 'self'"},
      {"X-Content-Type-Options", "nosniff"},
      {"Referrer-Policy", "no-referrer"}};
  return options;
}

Status make_directories(const std::filesystem::path& directory) {
  for (const char* part : {"uploads", "packages", "time-stamps"})
    SHILU_CHECK(posix_file_system().create_directories(directory / part));
  return {};
}

}  // namespace

// In the order of their life: what stands below borrows from what stands above.
struct Platform::Parts {
  Parts(PlatformSettings s, config::Catalogue c, PlatformKeys k, PlatformStore opened, const Clock& clock)
      : settings(std::move(s)),
        catalogue(std::move(c)),
        keys(std::move(k)),
        store(std::move(opened)),
        uploads(store, settings.directory / "uploads"),
        claims(clock),
        store_urls(settings.presigned_digest, clock),
        sign_ins(clock),
        context{settings,      catalogue,
                clock,         keys.receipt,
                keys.identity, keys.operator_token,
                store,         uploads,
                claims,        store_urls,
                joins,         store_talks,
                sign_ins,      [this] { background->wake(); }},
        server(server_options(settings)) {}

  const PlatformSettings settings;
  const config::Catalogue catalogue;
  const PlatformKeys keys;
  PlatformStore store;
  UploadFiles uploads;
  AttemptLimiter claims;
  StoreUrls store_urls;
  PendingJoins joins;
  StoreTalks store_talks{kHandlerThreads / 2};
  AttemptLimiter sign_ins;
  const Context context;
  std::optional<Background> background;
  http::Server server;
};

Platform::Platform(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Platform::~Platform() = default;

std::uint16_t Platform::port() const {
  return parts_->server.port();
}

Result<std::unique_ptr<Platform>> Platform::start(PlatformSettings settings, config::Catalogue catalogue,
                                                  const std::filesystem::path& accounts, const Clock& clock) {
  SHILU_CHECK(make_directories(settings.directory));
  SHILU_TRY(PlatformKeys keys, PlatformKeys::load_or_create(settings.directory / "keys"));
  SHILU_TRY(PlatformStore store,
            PlatformStore::open(settings.directory / "platform.sqlite", clock, settings.password_cost));
  SHILU_CHECK(import_assessors(store, accounts));
  auto parts = std::make_unique<Parts>(std::move(settings), std::move(catalogue), std::move(keys),
                                       std::move(store), clock);
  add_device_routes(parts->server, parts->context);
  add_fleet_routes(parts->server, parts->context);
  add_tus_routes(parts->server, parts->context);
  add_session_routes(parts->server, parts->context);
  add_review_routes(parts->server, parts->context);
  add_review_media_routes(parts->server, parts->context);
  parts->server.route("GET", "/api/{rest...}", [](const http::Request&) {
    return http::problem(404, "not-found", "The platform has no such call.");
  });
  parts->server.serve_directory("/", parts->settings.www.string());
  parts->background.emplace(parts->context);
  SHILU_CHECK(parts->server.start());
  return std::unique_ptr<Platform>(new Platform(std::move(parts)));
}

}  // namespace shilu::platform
