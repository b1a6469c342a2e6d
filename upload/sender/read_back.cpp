#include "upload/sender/read_back.h"

#include <fmt/format.h>

#include "upload/evidence/package.h"
#include "upload/sender/call.h"

namespace shilu::sender {
namespace {

constexpr int kTriesPerPiece = 5;
constexpr std::uint64_t kMostWhole = 16u << 20;  // http::ClientResponse::body

http::ClientRequest piece_request(const std::string& url,
                                  const std::vector<std::pair<std::string, std::string>>& headers,
                                  std::uint64_t from, std::uint64_t size) {
  http::ClientRequest request;
  request.url = url;
  request.headers = headers;
  request.headers.emplace_back("Range", fmt::format("bytes={}-{}", from, from + size - 1));
  return request;
}

// The line may break in each piece.
Result<http::ClientResponse> fetch(http::Client& client, const http::ClientRequest& request) {
  auto response = client.perform(request);
  for (int tries = 1; !response && tries < kTriesPerPiece; ++tries) response = client.perform(request);
  return response;
}

}  // namespace

std::string_view to_string(ReadBack found) {
  switch (found) {
    case ReadBack::kSame:
      return "read back, the same";
    case ReadBack::kDifferent:
      return "read back, different";
    case ReadBack::kNotOffered:
      return "not checked: the server does not let uploads be read";
  }
  return "";
}

CallResult<ReadBack> read_back(http::Client& client, const std::string& upload_url,
                               const std::vector<std::pair<std::string, std::string>>& headers,
                               const Parcel& parcel) {
  Sha256 hash;
  for (std::uint64_t at = 0; at < parcel.size;) {
    const std::uint64_t wanted = std::min<std::uint64_t>(evidence::kBlockSize, parcel.size - at);
    const auto response = fetch(client, piece_request(upload_url, headers, at, wanted));
    // An answer that is larger than a client takes is a server that knows no ranges.
    if (!response && response.error().kind == ErrorKind::kCorrupted) return ReadBack::kNotOffered;
    if (!response) return tl::make_unexpected(network_error(response.error(), client.cause()));
    const bool whole = response->status == 200 && at == 0 && parcel.size <= kMostWhole;
    if (response->status != 206 && !whole) return ReadBack::kNotOffered;
    if (response->body.size() != (whole ? parcel.size : wanted)) return ReadBack::kDifferent;
    hash.update(as_bytes(response->body));
    at += response->body.size();
  }
  return hash.finish() == parcel.sha256 ? ReadBack::kSame : ReadBack::kDifferent;
}

}  // namespace shilu::sender
