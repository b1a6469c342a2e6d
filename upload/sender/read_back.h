#pragma once
// Does a plain tus server have what we sent? Many let an upload be fetched with GET (tusd, @tus/server);
// tus 1.0 itself knows no such request.

#include "upload/sender/transport.h"

namespace shilu::sender {

enum class ReadBack {
  kSame,  // every byte was fetched, and its SHA-256 is the file's
  kDifferent,
  kNotOffered,
};
std::string_view to_string(ReadBack found);  // "read back, the same", …

// In pieces of 8 MiB, so that a line that breaks costs one of them.
CallResult<ReadBack> read_back(http::Client& client, const std::string& upload_url,
                               const std::vector<std::pair<std::string, std::string>>& headers,
                               const Parcel& parcel);

}  // namespace shilu::sender
