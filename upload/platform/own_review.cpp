#include "upload/platform/own_review.h"

#include <algorithm>

#include "firmware/base/json_io.h"

namespace shilu::platform {

Result<OwnReview> own_review(const Context& context, const http::Request& request, const Assessor& assessor) {
  SHILU_TRY(auto review, context.store.review(request.parameter("id")));
  if (!review || review->assessor != assessor.id)
    return fail(ErrorKind::kNotFound, "There is no such review for you.");
  SHILU_TRY(auto package, context.store.package(review->package));
  if (!package) return fail(ErrorKind::kInternal, "The review's package is gone.");
  const config::AbilityPoint* point = context.catalogue.find(package->point);
  if (point == nullptr) {
    return fail(ErrorKind::kFailedPrecondition,
                "The platform's catalogue has no ability point " + package->point + " any more.");
  }
  return OwnReview{std::move(*review), std::move(*package), point};
}

Citable citable_in(const Json& shown) {
  Citable citable;
  for (const Json& clip : shown.value("clips", Json::array())) {
    citable.duration_ms = std::max(citable.duration_ms, json_int_or(clip, "duration_ms", 0));
    for (const Json& source : clip.value("sources", Json::array()))
      citable.sources.push_back(source.get<std::string>());
  }
  return citable;
}

}  // namespace shilu::platform
