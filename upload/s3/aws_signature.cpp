#include "upload/s3/aws_signature.h"

#include <fmt/format.h>

#include <algorithm>
#include <ctime>

#include "firmware/base/digest.h"
#include "firmware/http/client.h"

namespace shilu::s3 {
namespace {

constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";

std::string basic_date_time(WallTime time) {  // "20130524T000000Z"
  const std::time_t seconds = time.ns / 1'000'000'000;
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  return fmt::format("{:04}{:02}{:02}T{:02}{:02}{:02}Z", parts.tm_year + 1900, parts.tm_mon + 1,
                     parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec);
}

Digest hmac(ByteView key, std::string_view message) {
  return hmac_sha256(key, as_bytes(message));
}

std::string scope_of(const Credentials& credentials, std::string_view date_time) {
  return fmt::format("{}/{}/s3/aws4_request", date_time.substr(0, 8), credentials.region);
}

std::string trimmed(std::string_view value) {
  const auto first = value.find_first_not_of(' ');
  if (first == value.npos) return "";
  return std::string(value.substr(first, value.find_last_not_of(' ') - first + 1));
}

Pairs sorted(Pairs pairs) {
  std::sort(pairs.begin(), pairs.end());
  return pairs;
}

// Headers with host, ready to be signed.
Pairs signed_headers(const SignedParts& parts) {
  Pairs headers = parts.headers;
  headers.emplace_back("host", parts.host);
  return sorted(std::move(headers));
}

std::string names_of(const Pairs& headers) {
  std::string names;
  for (const auto& [name, value] : headers) names += (names.empty() ? "" : ";") + name;
  return names;
}

std::string canonical_request(const SignedParts& parts, const Pairs& headers) {
  std::string lines;
  for (const auto& [name, value] : headers) lines += name + ':' + trimmed(value) + '\n';
  return fmt::format("{}\n{}\n{}\n{}\n{}\n{}", parts.method, encoded_path(parts.path),
                     encoded_query(parts.query), lines, names_of(headers), parts.payload_sha256);
}

std::string signature_of(const std::string& canonical, const Credentials& credentials,
                         const std::string& date_time) {
  const std::string to_sign = fmt::format("{}\n{}\n{}\n{}", kAlgorithm, date_time,
                                          scope_of(credentials, date_time), to_hex(sha256(canonical)));
  const Digest date = hmac(as_bytes("AWS4" + credentials.secret_key), date_time.substr(0, 8));
  const Digest region = hmac(date, credentials.region);
  const Digest service = hmac(region, "s3");
  const Digest signing = hmac(service, "aws4_request");
  return to_hex(hmac(signing, to_sign));
}

}  // namespace

std::string encoded_path(std::string_view text) {
  std::string encoded;
  for (std::size_t at = 0;;) {
    const auto slash = text.find('/', at);
    encoded += http::url_encode(text.substr(at, slash - at));
    if (slash == text.npos) return encoded;
    encoded += '/';
    at = slash + 1;
  }
}

std::string encoded_query(const Pairs& query) {
  Pairs encoded;
  for (const auto& [name, value] : query)
    encoded.emplace_back(http::url_encode(name), http::url_encode(value));
  std::string text;
  for (const auto& [name, value] : sorted(std::move(encoded)))
    text += (text.empty() ? "" : "&") + name + '=' + value;
  return text;
}

Pairs sign_request(const SignedParts& parts, const Credentials& credentials, WallTime now) {
  const std::string date_time = basic_date_time(now);
  Pairs added = {{"x-amz-content-sha256", parts.payload_sha256}, {"x-amz-date", date_time}};
  SignedParts whole = parts;
  whole.headers.insert(whole.headers.end(), added.begin(), added.end());
  const Pairs headers = signed_headers(whole);
  const std::string signature = signature_of(canonical_request(whole, headers), credentials, date_time);
  added.emplace_back(
      "authorization",
      fmt::format("{} Credential={}/{},SignedHeaders={},Signature={}", kAlgorithm, credentials.access_key,
                  scope_of(credentials, date_time), names_of(headers), signature));
  return added;
}

std::string presigned_query(const SignedParts& parts, const Credentials& credentials, WallTime now,
                            std::chrono::seconds valid) {
  const std::string date_time = basic_date_time(now);
  const Pairs headers = signed_headers(parts);
  SignedParts whole = parts;
  whole.query.emplace_back("X-Amz-Algorithm", kAlgorithm);
  whole.query.emplace_back("X-Amz-Credential",
                           credentials.access_key + '/' + scope_of(credentials, date_time));
  whole.query.emplace_back("X-Amz-Date", date_time);
  whole.query.emplace_back("X-Amz-Expires", std::to_string(valid.count()));
  whole.query.emplace_back("X-Amz-SignedHeaders", names_of(headers));
  const std::string signature = signature_of(canonical_request(whole, headers), credentials, date_time);
  return encoded_query(whole.query) + "&X-Amz-Signature=" + signature;
}

}  // namespace shilu::s3
