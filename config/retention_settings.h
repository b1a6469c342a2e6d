#pragma once
// [retention] of the appliance's settings: when a lesson's media may go. What was marked or submitted goes
// only against the platform's receipt, whatever stands here.

#include <cstdint>

namespace shilu::config {

struct RetentionSettings {
  std::int64_t keep_days = 30;   // nothing that is younger goes
  std::int64_t grace_days = 14;  // after the platform's receipt
  std::int64_t unmarked_days =
      0;  // a lesson of which nothing was marked, cut or submitted goes after these; 0: never
};

}  // namespace shilu::config
