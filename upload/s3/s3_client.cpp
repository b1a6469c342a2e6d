#include "upload/s3/s3_client.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>

#include "firmware/base/md5.h"
#include "firmware/base/xml.h"
#include "firmware/http/http_date.h"
#include "firmware/http/url.h"
#include "upload/s3/complaint.h"

namespace shilu::s3 {
namespace {

constexpr std::uint64_t kMiB = 1u << 20;
constexpr std::uint64_t kUsualPart = 8 * kMiB;
constexpr int kMaxPages = kMaxParts / 100;  // of ListParts; stores give 1,000 a page, and none under 100
// A store may copy all parts before it answers, with or without spaces meanwhile.
constexpr std::chrono::milliseconds kJoinTimeout = std::chrono::minutes(10);
constexpr Nanoseconds kHarmlessSkew = std::chrono::minutes(1);

template <typename Number>
Number number_in(std::string_view text) {
  Number number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

std::string unquoted(std::string_view etag) {
  if (etag.size() >= 2 && etag.front() == '"' && etag.back() == '"') etag = etag.substr(1, etag.size() - 2);
  return std::string(etag);
}

bool is_good(int status) {
  return status >= 200 && status < 300;
}

Error error_of(const http::ClientResponse& response, const std::string& host) {
  const Complaint said = complaint_in(response);
  return {kind_of(response.status, said.code),
          fmt::format("the store {} answered {}", host, in_words(response.status, said))};
}

Result<XmlElement> answer_in(const http::ClientResponse& response, std::string_view name,
                             const std::string& host) {
  auto document = parse_xml(response.body);
  if (document && document->name == name) return document;
  return fail(ErrorKind::kUnavailable, fmt::format("{} did not answer as an S3 store does", host));
}

Part part_in(const XmlElement& element) {
  return {number_in<int>(element.text_of("PartNumber")), number_in<std::uint64_t>(element.text_of("Size")),
          unquoted(element.text_of("ETag"))};
}

std::string completion_of(const std::vector<Part>& parts) {
  std::string body = "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">";
  for (const Part& part : parts)
    body += fmt::format("<Part><PartNumber>{}</PartNumber><ETag>\"{}\"</ETag></Part>", part.number,
                        xml_escaped(part.etag));
  return body + "</CompleteMultipartUpload>";
}

}  // namespace

std::uint64_t part_size_for(std::uint64_t object_size) {
  const std::uint64_t least = (object_size + kMaxParts - 1) / kMaxParts;
  return std::max(kUsualPart, (least + kMiB - 1) / kMiB * kMiB);
}

std::string multipart_etag(const std::vector<std::string>& part_md5_hex) {
  Bytes joined;
  for (const auto& hex : part_md5_hex) {
    if (const auto bytes = from_hex(hex)) put_bytes(joined, *bytes);
  }
  return fmt::format("{}-{}", to_hex(ByteView(md5(joined))), part_md5_hex.size());
}

S3Client::S3Client(http::Client& client, Bucket bucket, const Clock& clock)
    : client_(client), bucket_(std::move(bucket)), clock_(clock) {
  while (bucket_.endpoint.ends_with('/')) bucket_.endpoint.pop_back();
  host_ = http::authority_of(bucket_.endpoint).value_or("");
}

WallTime S3Client::now() const {
  return {clock_.wall().ns + skew_.count()};
}

SignedParts S3Client::signed_parts(const Call& call) const {
  SignedParts parts;
  parts.method = call.method;
  parts.host = host_;
  parts.path = '/' + bucket_.name + (call.key.empty() ? "" : '/' + call.key);
  parts.query = call.query;
  parts.headers = call.headers;
  return parts;
}

std::string S3Client::url_of(const Call& call) const {
  const SignedParts parts = signed_parts(call);
  const std::string query = encoded_query(parts.query);
  return bucket_.endpoint + encoded_path(parts.path) + (query.empty() ? "" : '?' + query);
}

http::ClientRequest S3Client::signed_request(const Call& call, const Digest& payload) const {
  http::ClientRequest request;
  request.method = call.method;
  request.url = url_of(call);
  request.headers = call.headers;
  SignedParts parts = signed_parts(call);
  parts.payload_sha256 = to_hex(payload);
  for (auto& header : sign_request(parts, bucket_.credentials, now()))
    request.headers.push_back(std::move(header));
  return request;
}

http::ClientRequest S3Client::request_of(const Call& call) const {
  auto request = signed_request(call, sha256(call.body));
  request.body = as_text(call.body);
  request.answer_timeout = call.answer_timeout;
  if (stopping_) request.on_progress = [this](std::uint64_t) { return !stopping_(); };
  return request;
}

bool S3Client::follow_clock(const http::ClientResponse& response) {
  const auto theirs = http::parse_http_date(response.header("date"));
  if (response.status != 403 || !theirs) return false;
  const Nanoseconds skew = *theirs - Nanoseconds(clock_.wall().ns);
  if (std::chrono::abs(skew - skew_) <= kHarmlessSkew) return false;
  skew_ = skew;
  return true;
}

Result<http::ClientResponse> S3Client::ask(const Call& call) {
  SHILU_TRY(auto response, client_.perform(request_of(call)));
  if (follow_clock(response)) return client_.perform(request_of(call));
  return response;
}

Result<http::ClientResponse> S3Client::perform(const Call& call) {
  SHILU_TRY(auto response, ask(call));
  if (!is_good(response.status)) return fail(error_of(response, host_));
  return response;
}

Result<std::string> S3Client::begin(const std::string& key, const Digest& sha256) {
  Call call{"POST", key, {{"uploads", ""}}, {{"x-amz-meta-sha256", to_hex(sha256)}}, {}};
  SHILU_TRY(const auto response, perform(call));
  SHILU_TRY(const auto answer, answer_in(response, "InitiateMultipartUploadResult", host_));
  std::string id(answer.text_of("UploadId"));
  if (id.empty()) return fail(ErrorKind::kUnavailable, host_ + " began an upload without naming it");
  return id;
}

Result<std::vector<Part>> S3Client::parts(const std::string& key, const std::string& upload_id) {
  std::vector<Part> found;
  std::string marker;
  for (int page = 0; page < kMaxPages; ++page) {
    Call call{"GET", key, {{"uploadId", upload_id}}, {}, {}};
    if (!marker.empty()) call.query.emplace_back("part-number-marker", marker);
    SHILU_TRY(const auto response, perform(call));
    SHILU_TRY(const auto answer, answer_in(response, "ListPartsResult", host_));
    for (const XmlElement& element : answer.children) {
      if (element.name == "Part") found.push_back(part_in(element));
    }
    marker = answer.text_of("NextPartNumberMarker");
    if (answer.text_of("IsTruncated") != "true" || marker.empty()) return found;
  }
  return fail(ErrorKind::kCorrupted, host_ + " lists parts without end");
}

http::ClientRequest S3Client::part_request(const std::string& key, const std::string& upload_id, int number,
                                           const PartDigests& digests) const {
  return signed_request({"PUT",
                         key,
                         {{"partNumber", std::to_string(number)}, {"uploadId", upload_id}},
                         {{"content-md5", to_base64(digests.md5)}},
                         {}},
                        digests.sha256);
}

Result<std::string> S3Client::part_etag(const http::ClientResponse& response) const {
  if (!is_good(response.status)) return fail(error_of(response, host_));
  return unquoted(response.header("etag"));
}

Result<Object> S3Client::complete(const std::string& key, const std::string& upload_id,
                                  const std::vector<Part>& parts, std::uint64_t size_bytes) {
  const std::string body = completion_of(parts);
  auto response = perform({"POST", key, {{"uploadId", upload_id}}, {}, as_bytes(body), kJoinTimeout});
  // The status may be sent before the store knows: then an error stands in a body of 200.
  if (response) {
    const Complaint said = complaint_in(*response);
    if (!said.code.empty())
      return fail(kind_of(500, said.code),
                  fmt::format("the store {} could not join the parts: {}", host_, said.code));
  } else if (response.error().kind != ErrorKind::kNotFound) {
    return fail(response.error());
  }
  SHILU_TRY(const auto object, head(key));
  if (!object && !response) return fail(response.error());
  if (!object) return fail(ErrorKind::kCorrupted, host_ + " joined the parts and does not have the object");
  if (object->size_bytes != size_bytes)
    return fail(ErrorKind::kCorrupted,
                fmt::format("{} has {} bytes where {} were sent", host_, object->size_bytes, size_bytes));
  return *object;
}

Status S3Client::abort(const std::string& key, const std::string& upload_id) {
  const auto response = perform({"DELETE", key, {{"uploadId", upload_id}}, {}, {}});
  if (!response && response.error().kind != ErrorKind::kNotFound) return fail(response.error());
  return {};
}

Result<std::optional<Object>> S3Client::head(const std::string& key) {
  SHILU_TRY(const auto response, ask({"HEAD", key, {}, {}, {}}));
  if (response.status == 404) {
    SHILU_CHECK(is_missing(key));
    return std::nullopt;
  }
  if (!is_good(response.status)) return fail(error_of(response, host_));
  return Object{number_in<std::uint64_t>(response.header("content-length")),
                unquoted(response.header("etag")), std::string(response.header("x-amz-meta-sha256"))};
}

// An answer to HEAD gives no reason; one to GET does.
Status S3Client::is_missing(const std::string& key) {
  const auto response = perform({"GET", key, {}, {{"range", "bytes=0-0"}}, {}});
  if (response) return fail(ErrorKind::kUnavailable, host_ + " contradicts itself about an object");
  return response.error().kind == ErrorKind::kNotFound ? Status() : fail(response.error());
}

Result<Bytes> S3Client::get(const std::string& key, std::uint64_t from, std::uint64_t size) {
  const std::string range = fmt::format("bytes={}-{}", from, from + size - 1);
  SHILU_TRY(const auto response, perform({"GET", key, {}, {{"range", range}}, {}}));
  if (response.status != 206)
    return fail(ErrorKind::kUnavailable,
                fmt::format("{} answered a part of an object with {}", host_, response.status));
  if (response.body.size() != size)
    return fail(ErrorKind::kCorrupted,
                fmt::format("{} gave {} bytes where {} were asked for", host_, response.body.size(), size));
  return to_bytes(response.body);
}

Status S3Client::remove(const std::string& key) {
  const auto response = perform({"DELETE", key, {}, {}, {}});
  if (!response && response.error().kind != ErrorKind::kNotFound) return fail(response.error());
  return {};
}

std::string S3Client::presigned_part(const std::string& key, const std::string& upload_id, int number,
                                     const Digest& sha256, std::chrono::seconds valid,
                                     PresignedDigest kind) const {
  Call call{"PUT", key, {{"partNumber", std::to_string(number)}, {"uploadId", upload_id}}, {}, {}};
  SignedParts parts = signed_parts(call);
  if (kind == PresignedDigest::kSigned) {
    parts.payload_sha256 = to_hex(sha256);
    parts.headers = {{"x-amz-content-sha256", parts.payload_sha256}};
  }
  return bucket_.endpoint + encoded_path(parts.path) + '?' +
         presigned_query(parts, bucket_.credentials, now(), valid);
}

}  // namespace shilu::s3
