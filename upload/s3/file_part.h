#pragma once
// A piece of a file that is one part of an object: its digests, and its bytes as a request's body. The file
// is read piece by piece, twice, so that parts of any size cost no memory. Thread-safe (no state).

#include <memory>

#include "firmware/base/digest.h"
#include "firmware/base/file_system.h"
#include "firmware/base/md5.h"
#include "firmware/http/client.h"

namespace shilu::s3 {

struct FilePart {
  int number = 0;  // from 1
  std::uint64_t from = 0;
  std::uint64_t size = 0;
};

struct PartDigests {
  Digest sha256{};
  Md5 md5{};
};

// kCorrupted: the file is shorter.
Result<PartDigests> digests_of(File& file, const FilePart& part);
http::BodySource body_of(std::shared_ptr<File> file, const FilePart& part);

}  // namespace shilu::s3
