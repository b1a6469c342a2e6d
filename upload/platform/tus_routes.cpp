#include "upload/platform/tus_routes.h"

#include <fmt/format.h>

#include <charconv>
#include <ctime>
#include <limits>

#include "firmware/base/digest.h"
#include "firmware/base/ids.h"
#include "firmware/base/log.h"
#include "upload/platform/gate.h"
#include "upload/platform/object_intake.h"
#include "upload/platform/room.h"
#include "upload/platform/tus_metadata.h"

namespace shilu::platform {
namespace {

constexpr std::string_view kVersion = "1.0.0";

http::Response tus(http::Response response) {
  return std::move(response).with_header("Tus-Resumable", std::string(kVersion));
}

std::int64_t now_ms(const Context& context) {
  return context.clock.wall().ns / 1'000'000;
}

// A whole number; what is beyond 63 bits is the largest that there is.
std::optional<std::int64_t> number(std::string_view text) {
  std::int64_t value = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || text.front() == '-' || parsed.ptr != text.data() + text.size()) return std::nullopt;
  if (parsed.ec == std::errc::result_out_of_range) return std::numeric_limits<std::int64_t>::max();
  return parsed.ec == std::errc() ? std::optional(value) : std::nullopt;
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
  return http::problem(412, "tus-version", "This server speaks tus 1.0.0.")
      .with_header("Tus-Version", std::string(kVersion));
}

http::Response options(const Context& context) {
  return http::no_content()
      .with_header("Tus-Resumable", std::string(kVersion))
      .with_header("Tus-Version", std::string(kVersion))
      .with_header("Tus-Extension", "creation,termination,expiration")
      .with_header("Tus-Max-Size", std::to_string(context.settings.max_package));
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
                now_ms(context) + kEmptyUpload_ms};
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
    return http::problem(400, "upload-length", "Upload-Length must be a positive whole number.");
  SHILU_TRY(auto refusal, refuse_size(context, device, *size));
  if (refusal) return std::move(*refusal);
  SHILU_TRY(const Upload upload, describe(context, request, device, *size));
  SHILU_CHECK(context.store.create_upload(upload));
  http::Response created;
  created.status = 201;
  return std::move(created)
      .with_header("Location", "/files/" + upload.id)
      .with_header("Upload-Expires", http_date(upload.expires_utc_ms));
}

bool is_over(const Context& context, const Upload& upload) {
  return upload.offset_bytes < upload.size_bytes && upload.expires_utc_ms < now_ms(context);
}

http::Response no_such_upload() {
  return http::problem(404, "not-found", "There is no such upload.");
}

// Nobody can go on with an upload whose file has lost what was durable; its device begins anew.
Result<http::Response> unusable(const Context& context, const Upload& upload, const Error& error) {
  if (error.kind != ErrorKind::kCorrupted) return fail(error);
  log_error("upload={} device={} is given up: {}", upload.id, upload.device_id, error.message);
  SHILU_CHECK(give_up(context, upload));
  return no_such_upload();
}

// The device's own upload of this id, or the answer; for anybody else there is none.
Result<std::variant<Upload, http::Response>> own_upload(const Context& context, const http::Request& request,
                                                        const Device& device) {
  if (auto refusal = refuse_version(request)) return std::move(*refusal);
  SHILU_TRY(auto upload, context.store.upload(request.parameter("id")));
  if (!upload || upload->device_id != device.id) return no_such_upload();
  if (is_over(context, *upload)) return http::problem(410, "expired", "This upload's time is over.");
  return std::move(*upload);
}

Result<http::Response> head(const Context& context, const http::Request&, const Upload& upload) {
  Result<std::int64_t> offset = upload.size_bytes;
  if (!upload.taken) offset = context.uploads.settle(upload);
  if (!offset) return unusable(context, upload, offset.error());
  http::Response response = http::Response{}
                                .with_header("Upload-Offset", std::to_string(*offset))
                                .with_header("Upload-Length", std::to_string(upload.size_bytes))
                                .with_header("Upload-Expires", http_date(upload.expires_utc_ms));
  if (!upload.metadata.empty()) response.headers.emplace_back("Upload-Metadata", upload.metadata);
  return response;
}

Result<http::Response> terminate(const Context& context, const http::Request&, const Upload& upload) {
  if (upload.taken) return http::problem(409, "taken", "This upload has become a package.");
  const auto gone = give_up(context, upload);
  if (gone) return http::no_content();
  log_error("upload={} device={} cannot be given up yet: {}", upload.id, upload.device_id,
            gone.error().message);
  // A wrong key of the store is ours, and the device can only ask again.
  return fail(ErrorKind::kUnavailable, "The upload cannot be given up yet; try again later.");
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
    const auto now = context_.store.upload(upload_.id);
    const auto expires = now && *now ? (*now)->expires_utc_ms : upload_.expires_utc_ms;
    return tus(http::no_content())
        .with_header("Upload-Offset", std::to_string(*offset))
        .with_header("Upload-Expires", http_date(expires));
  }
  // 460 is the tus checksum extension's word for what did not arrive as it was sent.
  http::Response refused(const Error& error) override {
    const bool altered = error.kind == ErrorKind::kCorrupted;
    return tus(altered ? http::problem(460, "block-altered", error.message) : http::problem(error));
  }
  void aborted() override { writer_.reset(); }  // what came is kept

 private:
  const Context context_;
  const Upload upload_;
  std::unique_ptr<UploadFiles::Writer> writer_;
};

using Opened = std::variant<std::unique_ptr<http::BodySink>, http::Response>;

http::Response wrong_offset(std::string offset) {
  return http::problem(409, "offset", "The upload stands at another offset.")
      .with_header("Upload-Offset", std::move(offset));
}

Result<Opened> begin_patch(const Context& context, const http::Request& request, const Upload& upload) {
  if (request.header("content-type") != "application/offset+octet-stream")
    return http::problem(415, "content-type", "PATCH needs Content-Type: application/offset+octet-stream.");
  const auto offset = number(request.header("upload-offset"));
  if (!offset) return http::problem(400, "upload-offset", "Upload-Offset must be a whole number.");
  if (upload.taken) return wrong_offset(std::to_string(upload.size_bytes));
  auto writer = context.uploads.take_over(upload, *offset);
  if (!writer && writer.error().kind == ErrorKind::kFailedPrecondition)
    return wrong_offset(writer.error().message);
  if (!writer) {
    SHILU_TRY(auto answer, unusable(context, upload, writer.error()));
    return answer;
  }
  const auto rest = static_cast<std::uint64_t>(upload.size_bytes - *offset);
  if (request.content_length().value_or(0) > rest)
    return http::problem(413, "too-large", "More bytes are to come than Upload-Length says.");
  return std::unique_ptr<http::BodySink>(std::make_unique<PatchSink>(context, upload, std::move(*writer)));
}

Result<Opened> open_patch(const Context& context, const http::Request& request, const Device& device) {
  SHILU_TRY(auto found, own_upload(context, request, device));
  if (auto* refusal = std::get_if<http::Response>(&found)) return std::move(*refusal);
  return begin_patch(context, request, std::get<Upload>(found));
}

Opened admit_patch(const Context& context, const http::Request& request) {
  auto admitted = admit_device(context.store, request);
  if (auto* refusal = std::get_if<http::Response>(&admitted)) return tus(std::move(*refusal));
  auto opened = open_patch(context, request, std::get<Device>(admitted));
  if (!opened) return tus(http::problem(opened.error()));
  if (auto* refusal = std::get_if<http::Response>(&*opened)) return tus(std::move(*refusal));
  return std::move(*opened);
}

// A handler of an upload that is the device's own.
template <typename Handler>
auto for_own_upload(Handler handler) {
  return [handler](const Context& context, const http::Request& request,
                   const Device& device) -> Result<http::Response> {
    SHILU_TRY(auto found, own_upload(context, request, device));
    if (auto* refusal = std::get_if<http::Response>(&found)) return std::move(*refusal);
    return handler(context, request, std::get<Upload>(found));
  };
}

}  // namespace

void add_tus_routes(http::Server& server, const Context& context) {
  const auto route = [&](const char* method, const char* pattern, auto handler) {
    const auto admitted =
        for_device(context.store, [context, handler](const http::Request& request, const Device& device) {
          return handler(context, request, device);
        });
    server.route(method, pattern,
                 [admitted](const http::Request& request) { return tus(admitted(request)); });
  };
  for (const char* pattern : {"/files", "/files/{id}"}) {
    server.route("OPTIONS", pattern, [context](const http::Request&) { return options(context); });
  }
  route("POST", "/files", create);
  route("HEAD", "/files/{id}", for_own_upload(head));
  route("DELETE", "/files/{id}", for_own_upload(terminate));
  server.upload("PATCH", "/files/{id}",
                [context](const http::Request& request) { return admit_patch(context, request); });
}

}  // namespace shilu::platform
