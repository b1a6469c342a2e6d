#include "firmware/portal/catalogue_routes.h"

#include "firmware/portal/answers.h"
#include "firmware/portal/gate.h"

namespace shilu::portal {
namespace {

// The teacher's own choice, else the appliance's.
Result<http::Response> show_tiles(const Context& context, const store::Teacher& teacher) {
  SHILU_TRY(std::vector<std::string> tiles, context.store.tiles(teacher.id));
  if (tiles.empty()) tiles = context.settings.tiles;
  return http::json(200, {{"tiles", tiles}});
}

Result<http::Response> set_tiles(const Context& context, const http::Request& request,
                                 const store::Teacher& teacher) {
  SHILU_TRY(const Json body, body_object(request));
  SHILU_TRY(const Json list, json_array(body, "tiles"));
  std::vector<std::string> tiles;
  for (const Json& tile : list) {
    if (!tile.is_string())
      return fail(ErrorKind::kInvalidArgument, "\"tiles\" must hold codes of ability points");
    SHILU_TRY(const config::AbilityPoint* point, context.catalogue.require(tile.get<std::string>()));
    tiles.push_back(point->code);
  }
  if (tiles.size() > store::kMaxTiles) return fail(ErrorKind::kInvalidArgument, "There is room for 6 tiles.");
  SHILU_CHECK(context.store.set_tiles(teacher.id, tiles));
  return show_tiles(context, teacher);
}

}  // namespace

void add_catalogue_routes(http::Server& server, const Context& context) {
  using http::Request;
  using store::Teacher;
  server.route("GET", "/api/catalogue", [catalogue = context.catalogue.to_json()](const Request&) {
    return http::json(200, catalogue);
  });
  server.route("GET", "/api/tiles",
               for_teacher(context.store, [context](const Request&, const Teacher& teacher) {
                 return show_tiles(context, teacher);
               }));
  server.route("PUT", "/api/tiles",
               for_teacher(context.store, [context](const Request& request, const Teacher& teacher) {
                 return set_tiles(context, request, teacher);
               }));
}

}  // namespace shilu::portal
