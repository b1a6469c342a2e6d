#pragma once
// Sends the rest of a file over one tus upload, slice by slice; the server's offset is the truth after each.
// Stops at the first failure that asking for the offset does not cure: the caller decides when to go on.

#include <filesystem>
#include <functional>

#include "upload/sender/tus_client.h"

namespace shilu::sender {

struct RunningUpload {
  std::string url;
  std::uint64_t offset = 0;  // kept up to date: on a failure it says how far it came
};

struct UploadWatch {
  // The server has made everything up to `offset` its own. An error ends the upload.
  std::function<Status(std::uint64_t offset)> on_offset;
  // Bytes of the file that the peer has acknowledged so far; false cancels.
  std::function<bool(std::uint64_t acked)> on_acked;
};

enum class UploadEnd { kComplete, kCancelled };

CallResult<UploadEnd> send_rest(TusClient& tus, RunningUpload& upload, const std::filesystem::path& file,
                                std::uint64_t size, const UploadWatch& watch);

}  // namespace shilu::sender
