#include "firmware/portal/document_upload.h"

#include <fmt/format.h>

#include "firmware/base/ids.h"
#include "firmware/portal/answers.h"
#include "firmware/portal/document_routes.h"
#include "firmware/portal/lesson_json.h"
#include "upload/evidence/package.h"

namespace shilu::portal {

DocumentUpload::DocumentUpload(const Context& context, DocumentTarget target, std::filesystem::path path,
                               std::unique_ptr<File> file)
    : context_(context), target_(std::move(target)), path_(std::move(path)), file_(std::move(file)) {}

Result<std::unique_ptr<DocumentUpload>> DocumentUpload::begin(const Context& context, DocumentTarget target) {
  const std::filesystem::path directory = context.settings.data_directory / "documents";
  SHILU_CHECK(posix_file_system().create_directories(directory));
  std::filesystem::path path = directory / new_uuid();
  SHILU_TRY(std::unique_ptr<File> file, posix_file_system().open(path, OpenMode::kCreate));
  return std::unique_ptr<DocumentUpload>(
      new DocumentUpload(context, std::move(target), std::move(path), std::move(file)));
}

DocumentUpload::~DocumentUpload() {
  if (!kept_) (void)posix_file_system().remove(path_);
}

Status DocumentUpload::write(ByteView bytes) {
  if (size_ + bytes.size() > kMaxDocument) {
    return fail(ErrorKind::kInvalidArgument,
                fmt::format("A document may have at most {} MB.", kMaxDocument / 1'000'000));
  }
  SHILU_CHECK(file_->write_at(size_, bytes));
  digest_.update(bytes);
  size_ += bytes.size();
  return {};
}

http::Response DocumentUpload::finish() {
  return answer(keep());
}

Result<http::Response> DocumentUpload::keep() {
  const auto type = evidence::document_type(path_, target_.name);
  if (!type && type.error().kind == ErrorKind::kInvalidArgument)
    return http::problem(415, "not-a-pdf", type.error().message);
  if (!type) return fail(type.error());
  SHILU_CHECK(file_->sync_data());
  SHILU_CHECK(posix_file_system().sync_directory(path_.parent_path()));
  store::Document document;
  document.lesson_id = target_.lesson_id;
  document.title = target_.title;
  document.media_type = *type;
  document.file = path_;
  document.size_bytes = static_cast<std::int64_t>(size_);
  document.sha256 = to_hex(digest_.finish());
  SHILU_TRY(const store::Document created, context_.store.create_document(document));
  kept_ = true;
  return http::json(201, document_json(created));
}

}  // namespace shilu::portal
