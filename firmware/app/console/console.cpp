#include "firmware/app/console/console.h"

#include <fmt/format.h>

#include <cstdio>

#include "firmware/base/json_io.h"
#include "firmware/base/presentable.h"

namespace shilu::cli {

void print_json(const Json& document) {
  // Unlike canonical_json() for people too, but the same rule for bytes that are no UTF-8.
  const auto text = document.dump(2, ' ', false, Json::error_handler_t::replace);
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fputc('\n', stdout);
}

int report(const Error& error, bool json) {
  if (json) {
    print_json({{"error", {{"kind", to_string(error.kind)}, {"message", error.message}}}});
  } else {
    fmt::print(stderr, "shilu: {}\n", presentable(error.message));
  }
  return error.kind == ErrorKind::kInvalidArgument ? kWrongUse : kFailed;
}

}  // namespace shilu::cli
