#pragma once
// A file as one object of a bucket, by multipart upload; goes on where an earlier attempt ended. Every part
// is read from the file, hashed, and compared with what the store says it has. Several parts are on the line
// at a time where that pays (lanes.h). Ends at the first failure that sending a part again does not cure,
// once what was under way has ended: the caller decides when to go on, and loses at most the parts that were
// under way when the line broke.

#include <filesystem>
#include <functional>
#include <string>

#include "upload/s3/part_sender.h"
#include "upload/s3/s3_client.h"

namespace shilu::s3 {

struct ObjectToSend {
  std::filesystem::path file;
  std::uint64_t size_bytes = 0;  // at least 1
  Digest sha256{};
  std::string key;
};

struct MultipartWatch {
  // An upload was begun; remember its id before the first byte leaves. An error ends the upload.
  std::function<Status(const std::string& upload_id)> on_begun;
  // Bytes of the file that the store has, or the peer has acknowledged; false cancels (kCancelled).
  std::function<bool(std::uint64_t acked_bytes)> on_acked;
  PartSender::Line line = {};
};

// How sure it is that the object is the file.
enum class Integrity {
  kEveryPart,      // the store checked each part's digests, and its ETag is that of our parts
  kPartsOnArrival  // it checked each part's digests; its ETag says nothing about the whole
};

struct SentObject {
  Object object;
  Integrity integrity = Integrity::kEveryPart;
  bool was_there = false;  // nothing had to be sent
};

// `upload_id`: of an earlier attempt; empty: none. Errors as of S3Client; kCorrupted: the file changed, or
// the store does not hold what was sent although it was sent three times.
Result<SentObject> send_object(S3Client& client, const ObjectToSend& what, const std::string& upload_id,
                               const MultipartWatch& watch);

}  // namespace shilu::s3
