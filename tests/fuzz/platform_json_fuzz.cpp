// What the platform reads from the bodies of requests: answers, offer, review; firmware/base: json_io.

#include "firmware/base/json_io.h"
#include "tests/fuzz/fuzz.h"
#include "upload/platform/answers.h"
#include "upload/platform/offer.h"
#include "upload/platform/review.h"

using namespace shilu;
using namespace shilu::platform;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  http::Request request;
  request.body = std::string(as_text({data, size}));
  const auto body = body_object(request);
  if (!body) return 0;
  fuzz::promise(parse_json(canonical_json(*body)).has_value(), "what was read can be written and read again");
  if (const auto offer = Offer::from_json(*body))
    fuzz::promise(offer->size_bytes > 0 && offer->package_sha256.size() == 64, "an offer is of a package");
  if (const auto sheet = Sheet::from_json(*body)) {
    const Json again = sheet->to_json();
    const auto twice = Sheet::from_json(again);
    fuzz::promise(twice && twice->to_json() == again, "a sheet is stored as it was read");
  }
  return 0;
}
