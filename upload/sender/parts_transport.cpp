#include "upload/sender/parts_transport.h"

#include <fmt/format.h>

#include <algorithm>

#include "firmware/base/file_system.h"
#include "firmware/base/md5.h"
#include "upload/s3/complaint.h"
#include "upload/sender/call.h"

namespace shilu::sender {
namespace {

using Kind = CallError::Kind;
using Answer = OfferAnswer::Kind;

constexpr int kMostVain = 3;  // rounds in a row in which no part arrived
constexpr int kMostFailures = 3;
constexpr Nanoseconds kClosedFor = std::chrono::hours(1);
constexpr std::string_view kNoUrl = "parts";        // the handle where the platform gives none
constexpr std::chrono::seconds kAnswerTimeout{30};  // a store digests the whole part first

CallError local_error(std::string message) {
  return {Kind::kLocal, std::move(message), std::nullopt, "local"};
}

CallError stuck() {
  return {Kind::kConflict, "the platform names parts as missing that its store has taken", std::nullopt,
          "conflict"};
}

std::uint64_t size_of(const MissingPart& part, const OfferAnswer& answer, const Parcel& parcel) {
  const std::uint64_t from = static_cast<std::uint64_t>(part.number - 1) * answer.part_size;
  return from >= parcel.size ? 0 : std::min(answer.part_size, parcel.size - from);
}

// Did the store say this, or somebody between us and it?
bool is_the_stores(const http::ClientResponse& response, const s3::Complaint& said) {
  return !said.code.empty() || !response.header("x-amz-request-id").empty();
}

CallError refused(Kind kind, std::string_view code, const MissingPart& part,
                  const http::ClientResponse& response, const s3::Complaint& said) {
  return {kind,
          fmt::format("the platform's store answered part {} with {}", part.number,
                      s3::in_words(response.status, said)),
          retry_after(response), std::string(code)};
}

CallError error_of(const http::ClientRequest& request, const MissingPart& part,
                   const http::ClientResponse& response) {
  const s3::Complaint said = s3::complaint_in(response);
  if (!is_the_stores(response, said)) {
    CallError stranger = unexpected_answer(request, response);
    if (stranger.kind == Kind::kBusy || stranger.kind == Kind::kTrust) return stranger;
    stranger.kind = Kind::kPortal;
    stranger.code = "portal";
    return stranger;
  }
  switch (s3::kind_of(response.status, said.code)) {
    case ErrorKind::kCorrupted:
      return refused(Kind::kDamaged, "damaged", part, response, said);
    case ErrorKind::kNotFound:          // the upload was given up
    case ErrorKind::kPermissionDenied:  // the URL's time is over; a new offer gives a new one
      return refused(Kind::kGone, "gone", part, response, said);
    case ErrorKind::kUnavailable:
      return refused(Kind::kBusy, "busy", part, response, said);
    default:
      return refused(Kind::kRefused, "refused-by-platform", part, response, said);
  }
}

// Whether asking the platform again may help.
bool is_curable(Kind kind) {
  return kind == Kind::kNetwork || kind == Kind::kDamaged || kind == Kind::kGone;
}

bool is_about_reach(Kind kind) {
  return kind == Kind::kNetwork || kind == Kind::kTrust || kind == Kind::kPortal;
}

http::BodySource source_of(const Bytes& bytes) {
  return [rest = ByteView(bytes)](std::span<std::uint8_t> buffer) mutable -> Result<std::size_t> {
    const std::size_t count = std::min(buffer.size(), rest.size());
    std::copy_n(rest.begin(), count, buffer.begin());
    rest = rest.subspan(count);
    return count;
  };
}

}  // namespace

void StoreReach::on_failure(MonotonicTime now) {
  if (++failures_ < kMostFailures) return;
  failures_ = 0;
  closed_until_ = now + kClosedFor;
}

// One send_rest() under way.
struct PartsTransport::Going {
  const Parcel& parcel;
  const UploadWatch& watch;
  File& file;
  std::uint64_t held = 0;  // bytes of the parts that the store has
  std::optional<UploadEnd> end;
};

PartsTransport::PartsTransport(http::Client& store, OfferAnswer answer, Ask ask, Tell tell)
    : store_(store), answer_(std::move(answer)), ask_(std::move(ask)), tell_(std::move(tell)) {}

CallResult<std::string> PartsTransport::begin(const Parcel&) {
  return answer_.upload_url.empty() ? std::string(kNoUrl) : answer_.upload_url;
}

CallResult<void> PartsTransport::abandon(const std::string&) {
  return {};
}

std::uint64_t PartsTransport::missing(const Parcel& parcel) const {
  std::uint64_t bytes = 0;
  for (const MissingPart& part : answer_.parts) bytes += size_of(part, answer_, parcel);
  return std::min(bytes, parcel.size);
}

CallResult<UploadEnd> PartsTransport::send_rest(const std::string&, const Parcel& parcel,
                                                const UploadWatch& watch) {
  auto file = posix_file_system().open(parcel.file, OpenMode::kRead);
  if (!file) return tl::make_unexpected(local_error(file.error().message));
  Going going{parcel, watch, **file, 0, std::nullopt};
  for (int vain = 0;;) {
    if (answer_.kind == Answer::kVerifying || answer_.kind == Answer::kHave) return UploadEnd::kComplete;
    if (answer_.transport != "parts") return tl::make_unexpected(stuck());  // begun anew by the next attempt
    const std::uint64_t before = going.held = parcel.size - missing(parcel);
    const auto done = round(going);
    if (going.end) return *going.end;
    if (!done && !is_curable(done.error().kind)) return tl::make_unexpected(done.error());
    vain = going.held > before ? 0 : vain + 1;
    if (vain >= kMostVain) return tl::make_unexpected(done ? stuck() : done.error());
    SHILU_CALL(answer_, ask_());
  }
}

// Every part that the answer names, until one fails.
CallResult<void> PartsTransport::round(Going& going) {
  for (const MissingPart& part : answer_.parts) {
    const auto stored = going.watch.on_offset ? going.watch.on_offset(going.held) : Status();
    if (!stored) return tl::make_unexpected(local_error(stored.error().message));
    if (going.watch.should_yield && going.watch.should_yield()) going.end = UploadEnd::kYielded;
    if (going.end) return {};
    if (const auto sent = put(going, part); !sent || going.end) return sent;
    going.held += size_of(part, answer_, going.parcel);
  }
  const auto stored = going.watch.on_offset ? going.watch.on_offset(going.held) : Status();
  if (!stored) return tl::make_unexpected(local_error(stored.error().message));
  return {};
}

CallResult<void> PartsTransport::put(Going& going, const MissingPart& part) {
  const std::uint64_t size = size_of(part, answer_, going.parcel);
  if (size == 0) return tl::make_unexpected(stuck());
  const auto from = static_cast<std::uint64_t>(part.number - 1) * answer_.part_size;
  const auto bytes = going.file.read_at(from, static_cast<std::size_t>(size));
  if (!bytes) return tl::make_unexpected(local_error(bytes.error().message));
  if (sha256(*bytes) != part.sha256)
    return tl::make_unexpected(
        local_error(fmt::format("block {} of the package is not what was offered", part.number)));
  const auto response = perform(going, part, *bytes);
  if (going.end) return {};
  tell_(response || !is_about_reach(response.error().kind));
  if (!response) return tl::make_unexpected(response.error());
  return {};
}

CallResult<http::ClientResponse> PartsTransport::perform(Going& going, const MissingPart& part,
                                                         const Bytes& bytes) {
  http::ClientRequest request;
  request.method = "PUT";
  request.url = part.url;
  request.headers = {{"Content-MD5", to_base64(md5(bytes))}};
  if (answer_.digest_signed) request.headers.emplace_back("x-amz-content-sha256", to_hex(part.sha256));
  request.source = source_of(bytes);
  request.source_size = bytes.size();
  request.answer_timeout = kAnswerTimeout;
  request.on_progress = [&going](std::uint64_t acked) {
    if (going.watch.on_acked && !going.watch.on_acked(going.held + acked)) going.end = UploadEnd::kCancelled;
    return !going.end;
  };
  request.allowance = going.watch.allowance;
  request.on_line = going.watch.on_line;
  auto response = store_.perform(request);
  if (!response) return tl::make_unexpected(network_error(response.error(), store_.cause()));
  const bool taken = response->status == 200 && !response->header("etag").empty();
  if (!taken) return tl::make_unexpected(error_of(request, part, *response));
  return std::move(*response);
}

}  // namespace shilu::sender
