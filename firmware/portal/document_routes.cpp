#include "firmware/portal/document_routes.h"

#include "firmware/base/file_system.h"
#include "firmware/portal/answers.h"
#include "firmware/portal/document_upload.h"
#include "firmware/portal/gate.h"
#include "firmware/portal/owned.h"

namespace shilu::portal {
namespace {

constexpr std::size_t kMaxTitle = 200;  // bytes

using Opened = std::variant<std::unique_ptr<http::BodySink>, http::Response>;

Result<std::unique_ptr<DocumentUpload>> open_upload(const Context& context, const http::Request& request,
                                                    const store::Teacher& teacher) {
  SHILU_TRY(const store::Lesson lesson, own_lesson(context.store, teacher, request));
  DocumentTarget target{lesson.id, std::string(request.query_or("title", "")),
                        std::string(request.query_or("name", ""))};
  if (target.title.empty() || target.title.size() > kMaxTitle || target.name.empty()) {
    return fail(ErrorKind::kInvalidArgument, "A document needs a title (at most 200 bytes) and a file name.");
  }
  if (request.content_length().value_or(0) > kMaxDocument) {
    return fail(ErrorKind::kInvalidArgument, "A document may have at most 50 MB.");
  }
  return DocumentUpload::begin(context, std::move(target));
}

Opened open_document(const Context& context, const http::Request& request) {
  auto admitted = admit_teacher(context.store, request);
  if (auto* refusal = std::get_if<http::Response>(&admitted)) return std::move(*refusal);
  auto upload = open_upload(context, request, std::get<store::Teacher>(admitted));
  if (!upload) return http::problem(upload.error());
  return std::unique_ptr<http::BodySink>(std::move(*upload));
}

// A document comes from a person's machine: shown, but never as a page of ours. What the browser itself
// displays (PDF, pictures) is not sandboxed: Chromium shows no PDF in a sandbox.
Result<http::Response> show_document(const Context& context, const http::Request& request,
                                     const store::Teacher& teacher) {
  SHILU_TRY(const store::Document document, own_document(context.store, teacher, request));
  SHILU_TRY(http::Response response, http::file(document.file));
  response.content_type = document.media_type;
  const bool displayed =
      document.media_type == "application/pdf" || document.media_type.starts_with("image/");
  if (!displayed) response.headers.emplace_back("Content-Security-Policy", "sandbox");
  return std::move(response).with_header("Content-Disposition", displayed ? "inline" : "attachment");
}

Result<http::Response> delete_document(const Context& context, const http::Request& request,
                                       const store::Teacher& teacher) {
  SHILU_TRY(const store::Document document, own_document(context.store, teacher, request));
  SHILU_CHECK(context.store.delete_document(document.id));
  (void)posix_file_system().remove(document.file);  // the row is gone: a file left behind harms nobody
  return http::no_content();
}

}  // namespace

void add_document_routes(http::Server& server, const Context& context) {
  using http::Request;
  using store::Teacher;
  server.upload("POST", "/api/lessons/{lesson}/documents",
                [context](const Request& request) { return open_document(context, request); });
  server.route("GET", "/api/lessons/{lesson}/documents/{document}",
               for_teacher(context.store, [context](const Request& request, const Teacher& teacher) {
                 return show_document(context, request, teacher);
               }));
  server.route("DELETE", "/api/lessons/{lesson}/documents/{document}",
               for_teacher(context.store, [context](const Request& request, const Teacher& teacher) {
                 return delete_document(context, request, teacher);
               }));
}

}  // namespace shilu::portal
