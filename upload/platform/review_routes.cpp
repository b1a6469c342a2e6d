#include "upload/platform/review_routes.h"

#include <fmt/format.h>

#include <algorithm>

#include "firmware/base/digest.h"
#include "firmware/base/json_io.h"
#include "firmware/base/log.h"
#include "upload/platform/answers.h"
#include "upload/platform/deciding.h"
#include "upload/platform/gate.h"
#include "upload/platform/own_review.h"

namespace shilu::platform {
namespace {

std::int64_t total_duration(const Json& shown) {
  std::int64_t total = 0;
  for (const Json& clip : shown.value("clips", Json::array())) total += json_int_or(clip, "duration_ms", 0);
  return total;
}

Result<Json> queue_item(const Context& context, const Review& review) {
  SHILU_TRY(const auto package, context.store.package(review.package));
  if (!package) return fail(ErrorKind::kInternal, "The review's package is gone.");
  const config::AbilityPoint* point = context.catalogue.find(package->point);
  return Json{{"id", review.id},
              {"point", package->point},
              {"point_name", point == nullptr ? "" : point->name},
              {"programme", package->programme},
              {"received_utc", utc_text(package->received_utc_ms)},
              {"duration_ms", total_duration(stored_json(package->shown))},
              {"state", to_string(review.state)},
              {"third", review.third}};
}

Result<http::Response> queue(const Context& context, const http::Request&, const Assessor& assessor) {
  SHILU_TRY(const auto reviews, context.store.reviews_of(assessor.id));
  Json items = Json::array();
  for (const Review& review : reviews) {
    SHILU_TRY(Json item, queue_item(context, review));
    items.push_back(std::move(item));
  }
  return http::json(200, {{"items", std::move(items)}});
}

Json point_json(const config::Catalogue& catalogue, std::string_view code) {
  const Json all = catalogue.to_json();
  for (const Json& point : all["points"]) {
    if (point["code"] == code) return point;
  }
  return nullptr;
}

Json pieces_json(const config::AbilityPoint& point) {
  Json pieces = Json::array();
  for (const config::EvidencePiece& piece : point.evidence) {
    pieces.push_back(
        {{"title", piece.title}, {"kind", piece.kind}, {"status", piece.status}, {"note", piece.note}});
  }
  return pieces;
}

// Names what a draft says: two that say the same have the same version.
std::string version_of(std::string_view sheet) {
  return to_hex(sha256(sheet)).substr(0, 16);
}

Result<http::Response> one(const Context& context, const http::Request& request, const Assessor& assessor) {
  SHILU_TRY(const OwnReview own, own_review(context, request, assessor));
  Json json = stored_json(own.package.shown);
  json["id"] = own.review.id;
  json["state"] = to_string(own.review.state);
  json["third"] = own.review.third;
  json["programme"] = own.package.programme;
  json["point"] = point_json(context.catalogue, own.package.point);
  json["pieces"] = pieces_json(*own.point);
  json["levels"] = context.catalogue.levels;
  json["draft"] = stored_json(own.review.sheet);
  json["draft_version"] = version_of(own.review.sheet);
  return http::json(200, json).with_header("Cache-Control", "no-store");
}

http::Response already_handed_in() {
  return http::problem(409, "handed-in", "This review has been handed in already.");
}

http::Response draft_changed() {
  return http::problem(412, "draft-changed", "Another window or browser has saved another draft meanwhile.");
}

// Whoever says which draft they changed ("based_on", a version) never writes over one that they have not
// seen.
bool is_based_on(const Json& body, const Review& review) {
  return !body.contains("based_on") || json_string_or(body, "based_on", "") == version_of(review.sheet);
}

Result<http::Response> save_draft(const Context& context, const http::Request& request,
                                  const Assessor& assessor) {
  SHILU_TRY(const OwnReview own, own_review(context, request, assessor));
  SHILU_TRY(const Json body, body_object(request));
  SHILU_TRY(const Sheet sheet, Sheet::from_json(body));
  if (own.review.state == ReviewState::kDone) return already_handed_in();
  if (!is_based_on(body, own.review)) return draft_changed();
  const std::string text = canonical_json(sheet.to_json());
  std::optional<std::string_view> replaces;
  if (body.contains("based_on")) replaces = own.review.sheet;
  const auto saved = context.store.save_draft(own.review.id, text, replaces);
  if (saved) return http::json(200, {{"draft_version", version_of(text)}});
  if (saved.error().kind != ErrorKind::kFailedPrecondition) return fail(saved.error());
  SHILU_TRY(const OwnReview now, own_review(context, request, assessor));
  return now.review.state == ReviewState::kDone ? already_handed_in() : draft_changed();
}

http::Response fault_answer(const SheetFault& fault) {
  const std::string_view text =
      fault.code == "piece-without-level"    ? "has no level yet."
      : fault.code == "level-without-moment" ? "has a level, but no moment that shows it."
      : fault.code == "moment-outside-clip"  ? "cites a moment that is not in the clip."
                                             : "has a level that the catalogue does not know.";
  return http::problem(422, fault.code, fmt::format("\"{}\" {}", fault.piece, text));
}

Result<http::Response> hand_in(const Context& context, const http::Request& request,
                               const Assessor& assessor) {
  SHILU_TRY(const OwnReview own, own_review(context, request, assessor));
  SHILU_TRY(const Json body, body_object(request));
  SHILU_TRY(const Sheet given, Sheet::from_json(body));
  const Sheet sheet = for_point(given, *own.point);
  const Citable citable = citable_in(stored_json(own.package.shown));
  if (const auto fault = fault_of(sheet, *own.point, context.catalogue, citable)) return fault_answer(*fault);
  const std::string text = canonical_json(sheet.to_json());
  // Said again because the answer got lost.
  if (own.review.state == ReviewState::kDone && own.review.sheet == text) return http::no_content();
  if (own.review.state != ReviewState::kDone && !is_based_on(body, own.review)) return draft_changed();
  const auto handed_in = context.store.hand_in(own.review.id, text);
  if (!handed_in && handed_in.error().kind == ErrorKind::kFailedPrecondition) return already_handed_in();
  if (!handed_in) return fail(handed_in.error());
  // The review stands; what follows from it is tried again later if it does not work now.
  if (const auto decided = decide(context, own.package.sha256); !decided)
    log_error("deciding: {}", decided.error().message);
  return http::no_content();
}

}  // namespace

void add_review_routes(http::Server& server, const Context& context) {
  const auto route = [&](const char* method, const char* pattern, auto handler) {
    server.route(method, pattern,
                 for_assessor(context.store,
                              [context, handler](const http::Request& request, const Assessor& assessor) {
                                return handler(context, request, assessor);
                              }));
  };
  route("GET", "/api/v1/review/queue", queue);
  route("GET", "/api/v1/review/{id}", one);
  route("PUT", "/api/v1/review/{id}/draft", save_draft);
  route("POST", "/api/v1/review/{id}/hand-in", hand_in);
}

}  // namespace shilu::platform
