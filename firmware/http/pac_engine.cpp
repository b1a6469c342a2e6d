#include "firmware/http/pac_engine.h"

#include <pacparser.h>

namespace shilu::http {

Result<std::string> run_pac(const std::string& script, const std::string& url, const std::string& host) {
  if (pacparser_init() != 1) return fail(ErrorKind::kInternal, "the script engine does not start");
  struct Engine {
    ~Engine() { pacparser_cleanup(); }
  } engine;
  if (pacparser_parse_pac_string(script.c_str()) != 1)
    return fail(ErrorKind::kInvalidArgument, "the proxy script has an error");
  const char* answer = pacparser_find_proxy(url.c_str(), host.c_str());  // the engine's own memory
  if (answer == nullptr) return fail(ErrorKind::kInvalidArgument, "the proxy script gives no answer");
  return std::string(answer);
}

}  // namespace shilu::http
