#pragma once
#include <string_view>

namespace shilu::http {

// The words of RFC 9110 section 15 (and 507 of RFC 4918, 428/429/431 of RFC 6585); "" for a status that has
// none.
std::string_view reason_phrase(int status);

bool may_have_body(int status);  // not 1xx, 204, 304

}  // namespace shilu::http
