#pragma once
// Can a presigned URL of this store name the digest of what it takes? Asked of the store itself, by a part of
// a few bytes at each kind of URL and an upload that is given up again: stores do not tell it in any other
// way.

#include "upload/s3/s3_client.h"

namespace shilu::s3 {

// `key` names the upload that is made for it; nothing stays there. kPermissionDenied: the store takes neither
// kind; other errors as of S3Client.
Result<PresignedDigest> probe_presigned(S3Client& client, const std::string& key);

}  // namespace shilu::s3
