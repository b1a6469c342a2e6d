#include "firmware/http/response.h"

#include "firmware/base/json_io.h"

namespace shilu::http {

Response&& Response::with_header(std::string name, std::string value) && {
  headers.emplace_back(std::move(name), std::move(value));
  return std::move(*this);
}

Response text(int status, std::string body) {
  Response response;
  response.status = status;
  response.content_type = "text/plain; charset=utf-8";
  response.body = std::move(body);
  return response;
}

Response json(int status, const Json& body) {
  Response response;
  response.status = status;
  response.content_type = "application/json";
  response.body = canonical_json(body);
  return response;
}

Response no_content() {
  Response response;
  response.status = 204;
  return response;
}

}  // namespace shilu::http
