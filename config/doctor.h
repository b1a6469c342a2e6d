#pragma once
// Is this machine fit to record? Looks, changes nothing. For `shilu doctor` and GET /api/doctor.

#include <string>
#include <vector>

#include "config/appliance.h"
#include "firmware/base/clock.h"
#include "firmware/base/json.h"

namespace shilu::config {

enum class Health { kOk, kWarning, kCritical };
std::string_view to_string(Health health);  // "ok", "warning", "critical"

struct HealthCheck {
  std::string id;  // stable: "disk", "clock", "keys", "sources", "pages", "platform", "upload"
  Health health = Health::kOk;
  std::string text;  // a sentence: what is, what it means, what to do
};

std::vector<HealthCheck> examine(const ApplianceSettings& settings, const Clock& clock);
Health worst(const std::vector<HealthCheck>& checks);
Json to_json(const std::vector<HealthCheck>& checks);  // {"checks":[{"id","status","text"}]}

}  // namespace shilu::config
