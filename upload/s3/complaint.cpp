#include "upload/s3/complaint.h"

#include <fmt/format.h>

#include "firmware/base/xml.h"

namespace shilu::s3 {

Complaint complaint_in(const http::ClientResponse& response) {
  const auto document = parse_xml(response.body);
  if (!document || document->name != "Error") return {};
  return {std::string(document->text_of("Code")), std::string(document->text_of("Message"))};
}

ErrorKind kind_of(int status, const std::string& code) {
  if (code == "BadDigest" || code == "XAmzContentSHA256Mismatch" || code == "InvalidDigest" ||
      code == "InvalidPart")
    return ErrorKind::kCorrupted;
  if (code == "NoSuchUpload" || code == "NoSuchKey") return ErrorKind::kNotFound;
  // Any other 404 may be of something in front of the store: it says nothing about what the store has.
  if (status == 404 && code != "NoSuchBucket") return ErrorKind::kUnavailable;
  if (status == 401 || status == 403 || code == "NoSuchBucket") return ErrorKind::kPermissionDenied;
  if (status == 429 || status >= 500 || code == "InternalError" || code == "SlowDown")
    return ErrorKind::kUnavailable;
  return ErrorKind::kInvalidArgument;
}

std::string in_words(int status, const Complaint& complaint) {
  if (complaint.code.empty()) return std::to_string(status);
  return fmt::format("{} ({}{}{})", status, complaint.code, complaint.message.empty() ? "" : ": ",
                     complaint.message);
}

}  // namespace shilu::s3
