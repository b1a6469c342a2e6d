#include "firmware/portal/upload_json.h"

#include "firmware/base/json_io.h"
#include "firmware/portal/package_keeper.h"

namespace shilu::portal {
namespace {

Json limit_json(const sender::PaceNow& pace) {
  return {{"bytes_per_s", pace.bytes_per_s ? Json(*pace.bytes_per_s) : Json(nullptr)},
          {"rate", config::rate_text(pace.bytes_per_s)},
          {"why", to_string(pace.why)},
          {"by_hand", pace.by_hand}};
}

Json text_or_null(const std::string& text) {
  return text.empty() ? Json(nullptr) : Json(text);
}

}  // namespace

Json upload_json(const Context& context) {
  Json json = {{"state", "off"},
               {"queued", context.store.waiting_submissions().value_or(0)},
               {"code", nullptr},
               {"error", nullptr},
               {"limit", nullptr},
               {"clock_ahead_s", nullptr},
               {"platform", text_or_null(context.settings.platform_url)}};
  if (context.outbox == nullptr) return json;
  const sender::LineStatus line = context.outbox->line();
  json["state"] = to_string(line.link);
  json["code"] = text_or_null(line.code);
  json["error"] = text_or_null(line.text);
  json["limit"] = limit_json(context.outbox->pace().now());
  if (line.platform_clock) json["clock_ahead_s"] = line.platform_clock->ahead_of(SystemClock()).count();
  return json;
}

Status set_limit(const Context& context, std::string_view text) {
  if (context.outbox == nullptr) return fail(ErrorKind::kFailedPrecondition, "No platform is set.");
  if (text == "timetable") {
    context.outbox->pace().set_by_hand(std::nullopt);
    return {};
  }
  SHILU_TRY(const auto rate, config::parse_rate(text));
  context.outbox->pace().set_by_hand(sender::Pace::ByHand{rate});
  return {};
}

Status steer_submission(const Context& context, const std::string& id, std::string_view action) {
  if (action == "pause") return context.store.pause_submission(id);
  if (action == "resume") return context.store.resume_submission(id);
  if (action == "send-now") return context.store.send_now(id);
  if (action == "withdraw") return withdraw(context, id);
  return fail(ErrorKind::kNotFound, "There is no such action.");
}

}  // namespace shilu::portal
