#pragma once
// The one place where an exception that a library threw through a handler becomes an answer instead of the
// end of the process.

#include <exception>

#include "firmware/base/log.h"
#include "firmware/http/response.h"

namespace shilu::http {

template <typename Call>
Response guarded(Call call) {
  try {
    return call();
  } catch (const std::exception& exception) {
    log_error("http: a handler threw what={}", exception.what());
    return problem(500, "internal", "the program made a mistake; its log says more");
  }
}

}  // namespace shilu::http
