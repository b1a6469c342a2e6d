#include "firmware/http/static_files.h"

#include "firmware/http/media_type.h"
#include "firmware/http/text_tools.h"

namespace shilu::http {
namespace {

constexpr std::string_view kImmutable = "public, max-age=31536000, immutable";

// Names inside the directory only: the path has no "." and ".." segments any more, but it may have empty ones
// (which would make it absolute) and hidden ones (which are nobody's business).
bool is_plain_name(std::string_view rest) {
  return !rest.empty() && rest.front() != '/' && rest.front() != '.' &&
         rest.find("//") == std::string_view::npos && rest.find("/.") == std::string_view::npos &&
         rest.back() != '/';
}

bool has_dot(std::string_view rest) {
  return rest.substr(rest.rfind('/') + 1).find('.') != std::string_view::npos;
}

bool accepts_gzip(const Request& request) {
  for (auto item : comma_list(request.header("accept-encoding"))) {
    auto semicolon = item.find(';');
    if (!equal_ignoring_case(trimmed(item.substr(0, semicolon)), "gzip")) continue;
    auto weight =
        semicolon == std::string_view::npos ? std::string_view() : trimmed(item.substr(semicolon + 1));
    return weight.substr(0, 3) != "q=0" || weight.find_first_of("123456789") != std::string_view::npos;
  }
  return false;
}

Result<Response> open_variant(const Request& request, const std::string& path) {
  if (accepts_gzip(request)) {
    if (auto packed = file(path + ".gz")) {
      auto& body = std::get<ComposedBody>(packed->body);
      body.etag.insert(body.etag.size() - 1, "-gz");  // another representation, another ETag
      packed->content_type = media_type_of(path);
      return std::move(*packed).with_header("Content-Encoding", "gzip");
    }
  }
  return file(path);
}

Response answer(const Request& request, const std::string& directory, std::string_view rest) {
  bool index = rest.empty() || (is_plain_name(rest) && !has_dot(rest));
  Result<Response> found = fail(ErrorKind::kNotFound, "there is no such file");
  if (is_plain_name(rest)) found = open_variant(request, directory + "/" + std::string(rest));
  if (!found && index) found = open_variant(request, directory + "/index.html");
  if (!found) return problem(404, "not-found", "there is nothing at " + request.path);
  bool immutable = rest.substr(0, 7) == "assets/" || rest.find("/assets/") != std::string_view::npos;
  return std::move(*found)
      .with_header("Cache-Control", std::string(immutable ? kImmutable : "no-cache"))
      .with_header("Vary", "Accept-Encoding");
}

}  // namespace

Handler directory_handler(std::string directory) {
  return [directory = std::move(directory)](const Request& request) {
    return answer(request, directory, request.parameter("rest"));
  };
}

}  // namespace shilu::http
