// `shilu submit --to s3://bucket/folder`: no platform, no receipt; what is known is that the store checked
// every part.

#include <fmt/format.h>

#include <cstdlib>

#include "firmware/app/shilu/command.h"
#include "firmware/app/shilu/submit_arguments.h"
#include "firmware/base/file_system.h"
#include "firmware/base/json_io.h"
#include "upload/s3/multipart.h"

namespace shilu::cli {
namespace {

constexpr std::string_view kScheme = "s3://";

struct Place {
  s3::Bucket bucket;
  std::string key;
};

std::string from_environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

Result<Place> place_of(const SubmitArguments& to, const Digest& sha256) {
  const std::string path = to.platform.substr(kScheme.size());
  const auto slash = path.find('/');
  Place place;
  place.bucket.name = path.substr(0, slash);
  place.bucket.endpoint = to.s3_endpoint;
  place.bucket.credentials = {from_environment("AWS_ACCESS_KEY_ID"),
                              from_environment("AWS_SECRET_ACCESS_KEY"), to.s3_region};
  std::string folder = slash == path.npos ? "" : path.substr(slash + 1);
  if (!folder.empty() && !folder.ends_with('/')) folder += '/';
  place.key = folder + to_hex(sha256) + ".zip";
  if (place.bucket.name.empty())
    return fail(ErrorKind::kInvalidArgument, "say which bucket: --to s3://BUCKET or s3://BUCKET/FOLDER");
  if (to.s3_endpoint.empty())
    return fail(ErrorKind::kInvalidArgument, "say where the store is: --s3-endpoint https://…");
  if (place.bucket.credentials.access_key.empty() || place.bucket.credentials.secret_key.empty()) {
    return fail(ErrorKind::kInvalidArgument,
                "the store's keys are not there: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY");
  }
  return place;
}

// Remembers an upload that was begun.
class Memory {
 public:
  Memory(const std::filesystem::path& package, const Place& place)
      : file_(package.string() + ".s3-upload.json"),
        object_(fmt::format("{}/{}/{}", place.bucket.endpoint, place.bucket.name, place.key)) {}

  std::string upload_id() const {
    const auto text = read_text_file(file_, 64u << 10);
    const auto json = text ? parse_json(*text) : Result<Json>(fail(text.error()));
    if (!json || !json->is_object() || json_string_or(*json, "object", "") != object_) return "";
    return json_string_or(*json, "upload_id", "");
  }
  Status keep(const std::string& upload_id) const {
    return write_file_atomic(file_,
                             as_bytes(canonical_json({{"object", object_}, {"upload_id", upload_id}})));
  }
  void forget() const { (void)posix_file_system().remove(file_); }

 private:
  std::filesystem::path file_;
  std::string object_;
};

sender::CallError call_error_of(const Error& error) {
  using Kind = sender::CallError::Kind;
  const bool may_pass = error.kind == ErrorKind::kUnavailable || error.kind == ErrorKind::kTimedOut;
  return {may_pass ? Kind::kNetwork : Kind::kRefused, error.message, std::nullopt, "store"};
}

Result<s3::SentObject> insist(s3::S3Client& client, const s3::ObjectToSend& what, const Memory& memory,
                              Persistence& persistence, const sender::UploadWatch& watch) {
  const s3::MultipartWatch parts{[&](const std::string& id) { return memory.keep(id); },
                                 [&](std::uint64_t acked) {
                                   persistence.on_progress();
                                   return watch.on_acked(acked);
                                 },
                                 {watch.allowance, watch.on_line}};
  for (;;) {
    auto sent = s3::send_object(client, what, memory.upload_id(), parts);
    if (sent) return sent;
    SHILU_CHECK(persistence.after(call_error_of(sent.error())));
  }
}

std::string_view in_words(const s3::SentObject& sent) {
  if (sent.was_there) return "it was there before, with this package's digest";
  return sent.integrity == s3::Integrity::kEveryPart
             ? "the store checked every part, and its ETag is that of the parts sent"
             : "the store checked every part when it arrived";
}

}  // namespace

Result<int> submit_to_s3(const SubmitArguments& arguments, const sender::Parcel& parcel) {
  SHILU_TRY(const Place place, place_of(arguments, parcel.sha256));
  SHILU_TRY(const config::UploadSettings settings, upload_settings(arguments));
  const Memory memory(parcel.file, place);
  http::Client http(sender::client_options(settings));
  const SystemClock clock;
  s3::S3Client client(http, place.bucket, clock);
  Persistence persistence(arguments.tries);
  Watching watching(settings, parcel.size, persistence);
  SHILU_TRY(const auto sent, insist(client, {parcel.file, parcel.size, parcel.sha256, place.key}, memory,
                                    persistence, watching.watch()));
  memory.forget();
  const std::string object = fmt::format("s3://{}/{}", place.bucket.name, place.key);
  if (arguments.json) {
    print_json({{"object", object},
                {"size_bytes", parcel.size},
                {"etag", sent.object.etag},
                {"was_there", sent.was_there},
                {"integrity", std::string(in_words(sent))},
                {"receipt", nullptr}});
  } else {
    fmt::print("\n{} has {} bytes: {}. A store gives no receipt.\n", object, parcel.size, in_words(sent));
  }
  return kGood;
}

}  // namespace shilu::cli
