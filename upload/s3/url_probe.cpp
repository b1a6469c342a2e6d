#include "upload/s3/url_probe.h"

#include <fmt/format.h>

#include "upload/s3/complaint.h"

namespace shilu::s3 {
namespace {

constexpr std::string_view kBytes = "a part to see what presigned URLs can do here";
constexpr auto kValid = std::chrono::minutes(15);

class Probe {
 public:
  Probe(S3Client& client, const std::string& key) : client_(client), key_(key) {}

  Result<PresignedDigest> run() {
    SHILU_TRY(upload_id_, client_.begin(key_, sha256(kBytes)));
    auto found = ask_both();
    (void)client_.abort(key_, upload_id_);  // if it stays, it holds a few bytes and no object
    return found;
  }

 private:
  Result<PresignedDigest> ask_both() {
    for (const auto kind : {PresignedDigest::kSigned, PresignedDigest::kLeftOut}) {
      SHILU_TRY(const auto answer, put(kind));
      const Complaint said = complaint_in(answer);
      if (answer.status >= 200 && answer.status < 300) return kind;
      refusal_ = in_words(answer.status, said);
      // Only a refusal says something about the kind.
      if (kind_of(answer.status, said.code) == ErrorKind::kUnavailable)
        return fail(ErrorKind::kUnavailable, "the store answered " + refusal_);
    }
    return fail(ErrorKind::kPermissionDenied, "the store takes no part at a presigned URL: " + refusal_);
  }

  Result<http::ClientResponse> put(PresignedDigest kind) {
    const Digest digest = sha256(kBytes);
    http::ClientRequest request;
    request.method = "PUT";
    request.url = client_.presigned_part(key_, upload_id_, 1, digest, kValid, kind);
    if (kind == PresignedDigest::kSigned) request.headers = {{"x-amz-content-sha256", to_hex(digest)}};
    request.body = kBytes;
    return client_.http().perform(request);
  }

  S3Client& client_;
  const std::string& key_;
  std::string upload_id_;
  std::string refusal_;
};

}  // namespace

Result<PresignedDigest> probe_presigned(S3Client& client, const std::string& key) {
  return Probe(client, key).run();
}

}  // namespace shilu::s3
