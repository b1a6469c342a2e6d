#pragma once
// One assessor's review together with what it is about.

#include "firmware/base/json.h"
#include "firmware/http/request.h"
#include "upload/platform/context.h"
#include "upload/platform/review.h"

namespace shilu::platform {

struct OwnReview {
  Review review;
  Package package;
  const config::AbilityPoint* point = nullptr;  // of the context's catalogue
};

// By the path's parameter "id". Anybody else's review is not there: kNotFound.
Result<OwnReview> own_review(const Context& context, const http::Request& request, const Assessor& assessor);

Citable citable_in(const Json& shown);

}  // namespace shilu::platform
