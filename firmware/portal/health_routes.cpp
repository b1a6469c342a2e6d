#include "firmware/portal/health_routes.h"

#include "config/doctor.h"
#include "firmware/base/json_io.h"
#include "firmware/portal/gate.h"

namespace shilu::portal {

void add_health_routes(http::Server& server, const Context& context) {
  server.route("GET", "/healthz", [](const http::Request&) { return http::text(200, "ok\n"); });
  server.route("GET", "/api/doctor",
               for_teacher(context.store,
                           [context](const http::Request&, const store::Teacher&) -> Result<http::Response> {
                             return http::json(
                                 200, config::to_json(config::examine(context.settings, context.clock)));
                           }));
}

}  // namespace shilu::portal
