#pragma once
// One bucket of an S3-compatible store: multipart upload, its parts, the finished object. One call is one
// HTTP request (lists: one a page); what to try again is the caller's. Source: Amazon S3 API Reference
// (2006-03-01). Addressing is by path, which every store knows. What is sent is proven by what every store
// enforces: x-amz-content-sha256 (signed) and Content-MD5.
//
// Errors: kUnavailable (no connection, 429, 5xx, or an answer that no store gives: try again),
// kPermissionDenied (keys, bucket policy, no such bucket, TLS), kNotFound (the store itself says that it has
// no such upload or object), kCorrupted (the bytes that arrived are not
// those that were sent, or the store contradicts itself), kCancelled, kInvalidArgument (anything else that it
// refuses). A store whose clock is not ours is followed: after RequestTimeTooSkewed its time is used.
// Thread-bound.

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "firmware/base/clock.h"
#include "firmware/base/digest.h"
#include "firmware/http/client.h"
#include "upload/s3/aws_signature.h"
#include "upload/s3/file_part.h"

namespace shilu::s3 {

inline constexpr std::uint64_t kMinPartSize = 5u << 20;  // but for the last; S3's own limit
inline constexpr int kMaxParts = 10'000;

// The bytes of each part but the last: 8 MiB, or as many MiB more as keep the count within kMaxParts.
std::uint64_t part_size_for(std::uint64_t object_size);

// Whether a presigned URL can name the digest of what it takes. S3 and most stores let it; OpenStack Swift
// refuses such a URL, and takes any bytes at one that names none. url_probe.h finds it out.
enum class PresignedDigest { kSigned, kLeftOut };

struct Bucket {
  std::string endpoint;  // "https://store.school.cn:9000"
  std::string name;
  Credentials credentials;
};

struct Part {
  int number = 0;  // from 1
  std::uint64_t size_bytes = 0;
  std::string etag;  // without quotes; of most stores the MD5 in hex
};

struct Object {
  std::uint64_t size_bytes = 0;
  std::string etag;    // without quotes; of most stores multipart_etag()
  std::string sha256;  // what begin() was told; empty: the store does not keep it
};

// What most stores give a finished multipart object: MD5 of the parts' MD5s, "-", their count.
std::string multipart_etag(const std::vector<std::string>& part_md5_hex);

class S3Client {
 public:
  // Borrows `client` and `clock`.
  S3Client(http::Client& client, Bucket bucket, const Clock& clock);
  http::Client& http() const { return client_; }
  // Asked a few times a second while a request runs; true ends it: kCancelled. What the store does with it is
  // not known then.
  void stop_when(std::function<bool()> stopping) { stopping_ = std::move(stopping); }

  // -> the upload's id. `sha256` of the whole is kept with the object.
  Result<std::string> begin(const std::string& key, const Digest& sha256);
  // What the store has of it, by number.
  Result<std::vector<Part>> parts(const std::string& key, const std::string& upload_id);
  // One part's request, without its body; several may be sent at a time (http::Client::begin).
  http::ClientRequest part_request(const std::string& key, const std::string& upload_id, int number,
                                   const PartDigests& digests) const;
  // -> the part's ETag, or why the store did not take it.
  Result<std::string> part_etag(const http::ClientResponse& response) const;
  // Was it refused because the store's clock is another one than was thought? Then it is followed, and the
  // request is worth being made anew.
  bool follow_clock(const http::ClientResponse& response);
  // Also right after its own answer was lost: an object of that key and `size_bytes` is then what was
  // completed.
  Result<Object> complete(const std::string& key, const std::string& upload_id,
                          const std::vector<Part>& parts, std::uint64_t size_bytes);
  Status abort(const std::string& key, const std::string& upload_id);  // what is gone already is fine
  Result<std::optional<Object>> head(const std::string& key);
  Result<Bytes> get(const std::string& key, std::uint64_t from, std::uint64_t size);  // at most 16 MiB
  Status remove(const std::string& key);

  // A URL with which whoever has it can put just that part, of just those bytes (it must send
  // `x-amz-content-sha256: <sha256>`; with PresignedDigest::kLeftOut: any bytes, and not that header), until
  // `valid` is over.
  std::string presigned_part(const std::string& key, const std::string& upload_id, int number,
                             const Digest& sha256, std::chrono::seconds valid,
                             PresignedDigest kind = PresignedDigest::kSigned) const;

 private:
  struct Call {
    std::string method;
    std::string key;  // empty: the bucket
    Pairs query;
    Pairs headers;
    ByteView body;
    std::chrono::milliseconds answer_timeout{30'000};
  };
  SignedParts signed_parts(const Call& call) const;
  std::string url_of(const Call& call) const;
  http::ClientRequest signed_request(const Call& call, const Digest& payload) const;
  http::ClientRequest request_of(const Call& call) const;
  Result<http::ClientResponse> ask(const Call& call);      // whatever the status
  Result<http::ClientResponse> perform(const Call& call);  // only what is good
  Status is_missing(const std::string& key);
  WallTime now() const;

  http::Client& client_;
  Bucket bucket_;
  const Clock& clock_;
  std::string host_;
  Nanoseconds skew_{0};  // the store's clock minus ours
  std::function<bool()> stopping_;
};

}  // namespace shilu::s3
