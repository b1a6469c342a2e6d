// The examples of the Amazon S3 API Reference, "Signature Calculations for the Authorization Header" and
// "Authenticating Requests: Using Query Parameters": keys, requests and signatures are printed there.

#include "upload/s3/aws_signature.h"

#include <catch2/catch.hpp>

using namespace shilu;
using namespace shilu::s3;

namespace {

const Credentials kExample{"AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "us-east-1"};
const std::string kEmpty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

WallTime example_time() {
  return *wall_from_rfc3339("2013-05-24T00:00:00Z");
}

SignedParts example(const std::string& method, const std::string& path) {
  SignedParts parts;
  parts.method = method;
  parts.host = "examplebucket.s3.amazonaws.com";
  parts.path = path;
  parts.payload_sha256 = kEmpty;
  return parts;
}

std::string authorization(const SignedParts& parts) {
  for (const auto& [name, value] : sign_request(parts, kExample, example_time())) {
    if (name == "authorization") return value;
  }
  return "";
}

std::string expected(const std::string& names, const std::string& signature) {
  return "AWS4-HMAC-SHA256 "
         "Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,SignedHeaders=" +
         names + ",Signature=" + signature;
}

}  // namespace

TEST_CASE("S3's example: GET an object's range") {
  auto parts = example("GET", "/test.txt");
  parts.headers = {{"range", "bytes=0-9"}};
  CHECK(authorization(parts) == expected("host;range;x-amz-content-sha256;x-amz-date",
                                         "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"));
}

TEST_CASE("S3's example: PUT an object whose name needs encoding") {
  auto parts = example("PUT", "/test$file.text");
  parts.headers = {{"date", "Fri, 24 May 2013 00:00:00 GMT"}, {"x-amz-storage-class", "REDUCED_REDUNDANCY"}};
  parts.payload_sha256 = "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072";
  CHECK(authorization(parts) == expected("date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class",
                                         "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"));
}

TEST_CASE("S3's example: a query name without a value") {
  auto parts = example("GET", "/");
  parts.query = {{"lifecycle", ""}};
  CHECK(authorization(parts) == expected("host;x-amz-content-sha256;x-amz-date",
                                         "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"));
}

TEST_CASE("S3's example: list objects") {
  auto parts = example("GET", "/");
  parts.query = {{"prefix", "J"}, {"max-keys", "2"}};
  CHECK(authorization(parts) == expected("host;x-amz-content-sha256;x-amz-date",
                                         "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"));
}

TEST_CASE("S3's example: a presigned URL") {
  auto parts = example("GET", "/test.txt");
  parts.payload_sha256 = kUnsignedPayload;
  CHECK(presigned_query(parts, kExample, example_time(), std::chrono::seconds(86'400)) ==
        "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%"
        "2Faws4_request"
        "&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host"
        "&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404");
}

TEST_CASE("paths keep their slashes, and nothing else that RFC 3986 reserves") {
  CHECK(encoded_path("/bucket/证据 1+2=(3).zip") == "/bucket/%E8%AF%81%E6%8D%AE%201%2B2%3D%283%29.zip");
  CHECK(encoded_query({{"b", "x/y"}, {"a b", ""}}) == "a%20b=&b=x%2Fy");
}
