#include "upload/platform/tus_routes.h"

#include <fmt/format.h>

#include <charconv>
#include <ctime>

#include "firmware/base/digest.h"
#include "firmware/base/ids.h"
#include "upload/platform/gate.h"
#include "upload/platform/tus_metadata.h"

namespace shilu::platform {
namespace {

constexpr std::string_view kVersion = "1.0.0";
constexpr std::int64_t kLifetime_ms = std::int64_t{7} * 86'400'000;

http::Response tus(http::Response response) {
  return std::move(response).with_header("Tus-Resumable", std::string(kVersion));
}

http::Response tus_problem(int status, std::string_view code, std::string_view detail) {
  return tus(http::problem(status, code, detail));
}

std::optional<std::int64_t> number(std::string_view text) {
  std::int64_t value = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || parsed.ec != std::errc() || parsed.ptr != text.data() + text.size() || value < 0)
    return std::nullopt;
  return value;
}

// RFC 9110 5.6.7, as Upload-Expires wants it.
std::string http_date(std::int64_t utc_ms) {
  const std::time_t seconds = utc_ms / 1000;
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  char text[40];
  std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &parts);
  return text;
}

std::optional<http::Response> refuse_version(const http::Request& request) {
  if (request.header("tus-resumable") == kVersion) return std::nullopt;
  return tus(http::problem(412, "tus-version", "This server speaks tus 1.0.0."))
      .with_header("Tus-Version", std::string(kVersion));
}

http::Response options(const Context& context) {
  return tus(http::no_content())
      .with_header("Tus-Version", std::string(kVersion))
      .with_header("Tus-Extension", "creation,termination,expiration")
      .with_header("Tus-Max-Size", std::to_string(context.settings.max_package));
}

// nullopt: there is room.
Result<std::optional<http::Response>> refuse_size(const Context& context, std::int64_t size) {
  if (static_cast<std::uint64_t>(size) > context.settings.max_package) {
    return tus_problem(413, "too-large",
                       fmt::format("A package may have at most {} bytes.", context.settings.max_package));
  }
  SHILU_TRY(const std::uint64_t free, posix_file_system().free_bytes(context.settings.directory));
  SHILU_TRY(const std::int64_t promised, context.store.bytes_still_to_come());
  const auto needed = static_cast<std::uint64_t>(promised + size) + context.settings.reserve;
  if (free < needed)
    return tus_problem(507, "no-space", "The platform's disk is full for now; try again later.");
  return std::nullopt;
}

Result<Upload> describe(const Context& context, const http::Request& request, const Device& device,
                        std::int64_t size) {
  SHILU_TRY(const auto metadata, parse_metadata(request.header("upload-metadata")));
  Upload upload{new_uuid(),
                device.id,
                size,
                0,
                std::nullopt,
                std::string(request.header("upload-metadata")),
                context.clock.wall().ns / 1'000'000 + kLifetime_ms};
  if (const auto announced = metadata.find("package_sha256"); announced != metadata.end()) {
    SHILU_TRY(const Digest digest, digest_from_hex(announced->second));
    upload.announced_sha256 = to_hex(digest);
  }
  return upload;
}

Result<http::Response> create(const Context& context, const http::Request& request, const Device& device) {
  if (auto refusal = refuse_version(request)) return std::move(*refusal);
  const auto size = number(request.header("upload-length"));
  if (!size || *size == 0)
    return tus_problem(400, "upload-length", "Upload-Length must be a positive whole number.");
  SHILU_TRY(auto refusal, refuse_size(context, *size));
  if (refusal) return std::move(*refusal);
  SHILU_TRY(const Upload upload, describe(context, request, device, *size));
  SHILU_CHECK(context.store.create_upload(upload));
  http::Response created;
  created.status = 201;
  return tus(std::move(created))
      .with_header("Location", "/files/" + upload.id)
      .with_header("Upload-Expires", http_date(upload.expires_utc_ms));
}

// The device's own upload of this id; for anybody else there is none.
Result<Upload> own_upload(const Context& context, const http::Request& request, const Device& device) {
  SHILU_TRY(const auto upload, context.store.upload(request.parameter("id")));
  if (upload && upload->device_id == device.id) return *upload;
  return fail(ErrorKind::kNotFound, "There is no such upload.");
}

Result<http::Response> head(const Context& context, const http::Request& request, const Device& device) {
  if (auto refusal = refuse_version(request)) return std::move(*refusal);
  SHILU_TRY(const Upload upload, own_upload(context, request, device));
  SHILU_TRY(const std::int64_t offset, context.uploads.settle(upload));
  http::Response response = tus(http::Response{})
                                .with_header("Upload-Offset", std::to_string(offset))
                                .with_header("Upload-Length", std::to_string(upload.size_bytes))
                                .with_header("Upload-Expires", http_date(upload.expires_utc_ms))
                                .with_header("Cache-Control", "no-store");
  if (!upload.metadata.empty()) response.headers.emplace_back("Upload-Metadata", upload.metadata);
  return response;
}

Result<http::Response> terminate(const Context& context, const http::Request& request, const Device& device) {
  if (auto refusal = refuse_version(request)) return std::move(*refusal);
  SHILU_TRY(const Upload upload, own_upload(context, request, device));
  SHILU_CHECK(context.uploads.remove(upload));
  return tus(http::no_content());
}

class PatchSink final : public http::BodySink {
 public:
  PatchSink(const Context& context, Upload upload, std::unique_ptr<UploadFiles::Writer> writer)
      : context_(context), upload_(std::move(upload)), writer_(std::move(writer)) {}
  Status write(ByteView bytes) override { return writer_->write(bytes); }
  http::Response finish() override {
    const auto offset = writer_->finish();
    if (!offset) return tus(http::problem(offset.error()));
    if (*offset == upload_.size_bytes) context_.wake_verifier();
    return tus(http::no_content()).with_header("Upload-Offset", std::to_string(*offset));
  }
  void aborted() override { writer_.reset(); }  // what came is kept

 private:
  const Context context_;
  const Upload upload_;
  std::unique_ptr<UploadFiles::Writer> writer_;
};

using Opened = std::variant<std::unique_ptr<http::BodySink>, http::Response>;

Result<Opened> begin_patch(const Context& context, const http::Request& request, const Device& device) {
  if (auto refusal = refuse_version(request)) return std::move(*refusal);
  if (request.header("content-type") != "application/offset+octet-stream") {
    return tus_problem(415, "content-type", "PATCH needs Content-Type: application/offset+octet-stream.");
  }
  const auto offset = number(request.header("upload-offset"));
  if (!offset) return tus_problem(400, "upload-offset", "Upload-Offset must be a whole number.");
  SHILU_TRY(const Upload upload, own_upload(context, request, device));
  auto writer = context.uploads.take_over(upload, *offset);
  if (!writer && writer.error().kind == ErrorKind::kFailedPrecondition) {
    return tus_problem(409, "offset", "The upload stands at another offset.")
        .with_header("Upload-Offset", writer.error().message);
  }
  if (!writer) return fail(writer.error());
  return std::unique_ptr<http::BodySink>(std::make_unique<PatchSink>(context, upload, std::move(*writer)));
}

Opened open_patch(const Context& context, const http::Request& request) {
  auto admitted = admit_device(context.store, request);
  if (auto* refusal = std::get_if<http::Response>(&admitted)) return tus(std::move(*refusal));
  auto opened = begin_patch(context, request, std::get<Device>(admitted));
  if (!opened) return tus(http::problem(opened.error()));
  return std::move(*opened);
}

}  // namespace

void add_tus_routes(http::Server& server, const Context& context) {
  const auto route = [&](const char* method, const char* pattern, auto handler) {
    server.route(
        method, pattern,
        for_device(context.store, [context, handler](const http::Request& request, const Device& device) {
          return handler(context, request, device);
        }));
  };
  for (const char* pattern : {"/files", "/files/{id}"}) {
    server.route("OPTIONS", pattern, [context](const http::Request&) { return options(context); });
  }
  route("POST", "/files", create);
  route("HEAD", "/files/{id}", head);
  route("DELETE", "/files/{id}", terminate);
  server.upload("PATCH", "/files/{id}",
                [context](const http::Request& request) { return open_patch(context, request); });
}

}  // namespace shilu::platform
