#include "upload/platform/review_media.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "firmware/base/json_io.h"
#include "upload/evidence/file_names.h"
#include "upload/evidence/package.h"
#include "upload/evidence/package_reader.h"
#include "upload/platform/answers.h"
#include "upload/platform/gate.h"
#include "upload/platform/own_review.h"

namespace shilu::platform {
namespace {

constexpr std::string_view kMovie = ".mp4";

tl::unexpected<Error> not_there() {
  return fail(ErrorKind::kNotFound, "There is no such file in this review.");
}

// The item of `list` in what is shown whose index stands in the path.
Result<Json> shown_item(const OwnReview& own, const http::Request& request, const char* list) {
  const std::string_view text = request.parameter("index");
  std::size_t index = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), index);
  const Json items = stored_json(own.package.shown).value(list, Json::array());
  const bool number = parsed.ec == std::errc() && parsed.ptr == text.data() + text.size();
  if (!number || index == 0 || index > items.size()) return not_there();
  return items[index - 1];
}

// The bytes of one file of the package as they lie in it.
Result<http::Response> serve(const Context& context, const OwnReview& own, const std::string& entry) {
  const std::filesystem::path path = context.settings.package_path(own.package.sha256);
  SHILU_TRY(const auto reader, evidence::PackageReader::open(path));
  const auto found = reader.entries().find(entry);
  if (found == reader.entries().end()) return not_there();
  const auto file = std::make_shared<UniqueFd>(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!*file) return fail_errno(errno, "open a package");
  http::ComposedBody body;
  body.etag = fmt::format("\"{}-{:08x}\"", found->second.size, found->second.crc32);
  if (found->second.size > 0)
    body.pieces.push_back({nullptr, file, found->second.offset, found->second.size});
  http::Response response;
  response.body = std::move(body);
  return std::move(response).with_header("Cache-Control", "private, no-cache");
}

// "?part=2" of a clip over a change of the camera's format; 1 without it.
Result<std::size_t> wanted_part(const http::Request& request, const Json& item, std::string_view source) {
  const std::string_view text = request.query_or("part", "1");
  std::size_t part = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), part);
  const Json parts = item.value("parts", Json::object()).value(std::string(source), Json::array());
  const std::size_t count = std::max<std::size_t>(parts.size(), 1);
  if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size() || part == 0 || part > count)
    return not_there();
  return part;
}

Result<http::Response> clip(const Context& context, const http::Request& request, const Assessor& assessor) {
  SHILU_TRY(const OwnReview own, own_review(context, request, assessor));
  SHILU_TRY(const Json item, shown_item(own, request, "clips"));
  std::string_view source = request.parameter("file");
  if (!source.ends_with(kMovie)) return not_there();
  source.remove_suffix(kMovie.size());
  const Json& sources = item["sources"];
  if (std::find(sources.begin(), sources.end(), source) == sources.end()) return not_there();
  const auto index = item["index"].get<std::size_t>();
  SHILU_TRY(const std::size_t part, wanted_part(request, item, source));
  SHILU_TRY(http::Response response, serve(context, own, evidence::clip_file(index, source, part)));
  response.content_type = "video/mp4";
  return response;
}

// What a browser shows by itself, and nothing that could run as a page; the rest is handed over as a file.
bool is_shown_inline(std::string_view media_type) {
  return media_type == "application/pdf" || media_type == "image/png" || media_type == "image/jpeg" ||
         media_type == "text/plain";
}

Result<http::Response> document(const Context& context, const http::Request& request,
                                const Assessor& assessor) {
  SHILU_TRY(const OwnReview own, own_review(context, request, assessor));
  SHILU_TRY(const Json item, shown_item(own, request, "documents"));
  const auto media_type = item["media_type"].get<std::string>();
  const std::string_view extension = evidence::extension_of(media_type);
  const auto index = item["index"].get<std::size_t>();
  SHILU_TRY(http::Response response, serve(context, own, evidence::document_file(index, extension)));
  const bool shown = is_shown_inline(media_type);
  response.content_type = extension.empty() ? "application/octet-stream" : media_type;
  if (media_type == "text/plain") response.content_type = "text/plain; charset=utf-8";
  return std::move(response)
      .with_header("Content-Disposition", fmt::format("{}; filename=\"document-{}{}\"",
                                                      shown ? "inline" : "attachment", index, extension))
      .with_header("Content-Security-Policy", "sandbox; default-src 'none'; style-src 'unsafe-inline'")
      .with_header("X-Content-Type-Options", "nosniff");
}

}  // namespace

void add_review_media_routes(http::Server& server, const Context& context) {
  const auto route = [&](const char* pattern, auto handler) {
    server.route("GET", pattern,
                 for_assessor(context.store,
                              [context, handler](const http::Request& request, const Assessor& assessor) {
                                return handler(context, request, assessor);
                              }));
  };
  route("/api/v1/review/{id}/clips/{index}/{file}", clip);
  route("/api/v1/review/{id}/documents/{index}", document);
}

}  // namespace shilu::platform
