#pragma once
// A submission as the API shows it: what the store keeps, what the outbox is doing, receipt and verdict in
// words.

#include "firmware/base/json.h"
#include "firmware/portal/context.h"

namespace shilu::portal {

Json submission_json(const Context& context, const store::Submission& submission);

}  // namespace shilu::portal
