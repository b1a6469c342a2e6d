#pragma once
// What an S3 store says when it refuses, and what that means for the next try. Source: Amazon S3 API
// Reference, "Error responses". Pure functions, thread-safe.

#include <string>

#include "firmware/base/result.h"
#include "firmware/http/client.h"

namespace shilu::s3 {

struct Complaint {
  std::string code;  // "BadDigest"; empty: it was no store that answered, or it gave no reason
  std::string message;
};

Complaint complaint_in(const http::ClientResponse& response);
ErrorKind kind_of(int status, const std::string& code);        // as S3Client's errors
std::string in_words(int status, const Complaint& complaint);  // "403 (AccessDenied: Request has expired)"

}  // namespace shilu::s3
