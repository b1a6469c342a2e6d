#include "upload/sender/tus_client.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <sstream>

#include "firmware/base/file_system.h"
#include "firmware/http/url.h"
#include "upload/sender/call.h"

namespace shilu::sender {
namespace {

constexpr std::string_view kVersion = "1.0.0";
// Beyond the last byte acknowledged. A server that needs longer than this to make a slice durable has it all
// the same, as the next HEAD tells.
constexpr std::chrono::seconds kAnswerTimeout{10};

CallError not_tus(const http::ClientRequest& request, std::string_view lacking) {
  return {CallError::Kind::kPortal,
          fmt::format("{} answered without {}; it is not the upload server", http::told_url(request.url),
                      lacking),
          std::nullopt, "portal"};
}

CallResult<std::uint64_t> offset_of(const http::ClientRequest& request,
                                    const http::ClientResponse& response) {
  const std::string_view text = response.header("upload-offset");
  std::uint64_t offset = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), offset);
  if (response.header("tus-resumable").empty()) return tl::make_unexpected(not_tus(request, "Tus-Resumable"));
  if (text.empty() || parsed.ec != std::errc() || parsed.ptr != text.data() + text.size()) {
    return tl::make_unexpected(not_tus(request, "Upload-Offset"));
  }
  return offset;
}

// "key base64,key base64": tus 1.0 Upload-Metadata.
std::string metadata_header(const std::map<std::string, std::string>& metadata) {
  std::string header;
  for (const auto& [key, value] : metadata) {
    if (!header.empty()) header += ',';
    header += key + ' ' + to_base64(as_bytes(value));
  }
  return header;
}

// Reads the file piece by piece as the connection takes it.
http::BodySource file_source(std::shared_ptr<File> file, std::uint64_t from, std::uint64_t size) {
  return [file, from, size](std::uint64_t at, std::span<std::uint8_t> buffer) -> Result<std::size_t> {
    const std::size_t wanted = static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), size - at));
    if (wanted == 0) return std::size_t{0};
    SHILU_TRY(const Bytes bytes, file->read_at(from + at, wanted));
    if (bytes.empty())
      return fail(ErrorKind::kCorrupted, "the package became shorter while it was being sent");
    std::copy(bytes.begin(), bytes.end(), buffer.begin());
    return bytes.size();
  };
}

}  // namespace

TusClient::TusClient(http::Client& client, std::vector<std::pair<std::string, std::string>> headers)
    : client_(client), headers_(std::move(headers)) {
  headers_.emplace_back("Tus-Resumable", kVersion);
}

bool TusServer::has(std::string_view extension) const {
  return std::find(extensions.begin(), extensions.end(), extension) != extensions.end();
}

CallResult<TusServer> TusClient::probe(const std::string& endpoint) {
  http::ClientRequest request;
  request.method = "OPTIONS";
  request.url = endpoint;
  request.headers = headers_;
  SHILU_CALL(const http::ClientResponse response, perform(client_, request, {200, 204}));
  if (response.header("tus-version").empty() && response.header("tus-resumable").empty())
    return tl::make_unexpected(not_tus(request, "Tus-Version"));
  TusServer server;
  std::istringstream extensions{std::string(response.header("tus-extension"))};
  for (std::string one; std::getline(extensions, one, ',');) {
    std::erase(one, ' ');
    server.extensions.push_back(one);
  }
  const std::string_view most = response.header("tus-max-size");
  std::from_chars(most.data(), most.data() + most.size(), server.max_size);
  return server;
}

CallResult<std::string> TusClient::create(const std::string& endpoint, std::uint64_t size,
                                          const std::map<std::string, std::string>& metadata) {
  http::ClientRequest request;
  request.method = "POST";
  request.url = endpoint;
  request.headers = headers_;
  request.headers.emplace_back("Upload-Length", std::to_string(size));
  if (!metadata.empty()) request.headers.emplace_back("Upload-Metadata", metadata_header(metadata));
  SHILU_CALL(const http::ClientResponse response, perform(client_, request, {201}));
  if (response.header("location").empty()) return tl::make_unexpected(not_tus(request, "Location"));
  auto url = http::resolve_url(endpoint, response.header("location"));
  if (!url) return tl::make_unexpected(not_tus(request, "a usable Location"));
  return std::move(*url);
}

CallResult<std::uint64_t> TusClient::offset(const std::string& upload_url) {
  http::ClientRequest request;
  request.method = "HEAD";
  request.url = upload_url;
  request.headers = headers_;
  request.answer_timeout = kAnswerTimeout;
  SHILU_CALL(const http::ClientResponse response, perform(client_, request, {200, 204}));
  return offset_of(request, response);
}

CallResult<std::uint64_t> TusClient::append(const std::string& upload_url, const std::filesystem::path& file,
                                            const Slice& slice, const Hooks& hooks) {
  auto opened = posix_file_system().open(file, OpenMode::kRead);
  if (!opened)
    return tl::make_unexpected(
        CallError{CallError::Kind::kLocal, opened.error().message, std::nullopt, "local"});
  http::ClientRequest request;
  request.method = "PATCH";
  request.url = upload_url;
  request.headers = headers_;
  request.headers.emplace_back("Content-Type", "application/offset+octet-stream");
  request.headers.emplace_back("Upload-Offset", std::to_string(slice.from));
  request.source = file_source(std::move(*opened), slice.from, slice.size);
  request.source_size = slice.size;
  request.answer_timeout = kAnswerTimeout;
  request.expect_continue = slice.ask_first;
  request.on_progress = hooks.progress;
  request.allowance = hooks.allowance;
  request.on_line = hooks.on_line;
  SHILU_CALL(const http::ClientResponse response, perform(client_, request, {204, 200}));
  return offset_of(request, response);
}

CallResult<void> TusClient::terminate(const std::string& upload_url) {
  http::ClientRequest request;
  request.method = "DELETE";
  request.url = upload_url;
  request.headers = headers_;
  const auto done = perform(client_, request, {204});
  // Gone already is what was wanted, if it is the server itself that says so.
  if (done || done.error().kind == CallError::Kind::kGone) return {};
  return tl::make_unexpected(done.error());
}

}  // namespace shilu::sender
