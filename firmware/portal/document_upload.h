#pragma once
// Takes a document while it arrives: into a temporary file, hashed on the way; judged by its content at the
// end.

#include <memory>

#include "firmware/base/digest.h"
#include "firmware/base/file_system.h"
#include "firmware/http/server.h"
#include "firmware/portal/context.h"

namespace shilu::portal {

struct DocumentTarget {
  std::string lesson_id;
  std::string title;  // "教学设计"
  std::string name;   // as the teacher's machine calls it; only its ending is used
};

class DocumentUpload final : public http::BodySink {
 public:
  static Result<std::unique_ptr<DocumentUpload>> begin(const Context& context, DocumentTarget target);
  ~DocumentUpload() override;  // removes the file unless finish() kept it
  Status write(ByteView bytes) override;
  http::Response finish() override;
  void aborted() override {}

 private:
  DocumentUpload(const Context& context, DocumentTarget target, std::filesystem::path path,
                 std::unique_ptr<File> file);
  Result<http::Response> keep();

  const Context context_;
  const DocumentTarget target_;
  const std::filesystem::path path_;
  std::unique_ptr<File> file_;
  Sha256 digest_;
  std::uint64_t size_ = 0;
  bool kept_ = false;
};

}  // namespace shilu::portal
