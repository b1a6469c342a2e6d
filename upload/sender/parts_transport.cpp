#include "upload/sender/parts_transport.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "firmware/base/file_system.h"
#include "upload/s3/complaint.h"
#include "upload/s3/part_sender.h"
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

s3::FilePart piece_of(const MissingPart& part, const OfferAnswer& answer, const Parcel& parcel) {
  const std::uint64_t from = static_cast<std::uint64_t>(part.number - 1) * answer.part_size;
  return {part.number, from, from >= parcel.size ? 0 : std::min(answer.part_size, parcel.size - from)};
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

CallError error_of(const MissingPart& part, const http::ClientResponse& response) {
  const s3::Complaint said = s3::complaint_in(response);
  if (!is_the_stores(response, said)) {
    http::ClientRequest put;
    put.method = "PUT";
    put.url = part.url;
    CallError stranger = unexpected_answer(put, response);
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

}  // namespace

void StoreReach::on_failure(MonotonicTime now) {
  if (++failures_ < kMostFailures) return;
  failures_ = 0;
  closed_until_ = now + kClosedFor;
}

// Every part that one answer names, until one fails.
class PartsTransport::Round final : public s3::PartCourse {
 public:
  Round(const OfferAnswer& answer, const Parcel& parcel, const UploadWatch& watch, const Tell& tell,
        std::uint64_t held)
      : answer_(answer), parcel_(parcel), watch_(watch), tell_(tell), held_(held) {}

  CallResult<UploadEnd> run(http::Client& store, std::shared_ptr<File> file, s3::Lanes& lanes) {
    const s3::PartSender::Line line{watch_.allowance, watch_.on_line};
    keep_offset();
    const auto ended = s3::PartSender(store, std::move(file), lanes, line).run(*this);
    if (trouble_) return tl::make_unexpected(*trouble_);
    if (!ended) return tl::make_unexpected(local_error(ended.error().message));
    if (*ended == s3::PartSender::End::kCancelled) return UploadEnd::kCancelled;
    return yielded_ ? UploadEnd::kYielded : UploadEnd::kComplete;
  }
  std::uint64_t held() const { return held_; }

  std::optional<s3::FilePart> next() override {
    if (trouble_ || yielded_ || next_ == answer_.parts.size()) return std::nullopt;
    const s3::FilePart part = piece_of(answer_.parts[next_], answer_, parcel_);
    if (part.size == 0) {
      end_with(stuck());
      return std::nullopt;
    }
    by_number_[part.number] = next_++;
    return part;
  }

  std::optional<http::ClientRequest> request(const s3::FilePart& part,
                                             const s3::PartDigests& digests) override {
    yielded_ = yielded_ || (watch_.should_yield && watch_.should_yield());
    if (trouble_ || yielded_) return std::nullopt;
    const MissingPart& named = named_as(part);
    if (digests.sha256 != named.sha256) {
      end_with(local_error(fmt::format("block {} of the package is not what was offered", part.number)));
      return std::nullopt;
    }
    http::ClientRequest request;
    request.method = "PUT";
    request.url = named.url;
    request.headers = {{"Content-MD5", to_base64(digests.md5)}};
    if (answer_.digest_signed) request.headers.emplace_back("x-amz-content-sha256", to_hex(named.sha256));
    request.answer_timeout = kAnswerTimeout;
    return request;
  }

  bool on_answer(const s3::FilePart& part, const s3::PartDigests&, http::Client::Ended answer) override {
    const auto taken = judge(named_as(part), answer);
    // Several connections that break at once are one failure.
    if (taken || !trouble_) tell_(taken || !is_about_reach(taken.error().kind));
    if (!taken) {
      end_with(taken.error());
      return false;
    }
    held_ += part.size;
    keep_offset();
    return true;
  }

  bool on_acked(std::uint64_t under_way) override {
    return !watch_.on_acked || watch_.on_acked(held_ + under_way);
  }

 private:
  const MissingPart& named_as(const s3::FilePart& part) const {
    return answer_.parts[by_number_.at(part.number)];
  }

  static CallResult<void> judge(const MissingPart& part, const http::Client::Ended& answer) {
    if (!answer.response) return tl::make_unexpected(network_error(answer.response.error(), answer.cause));
    const bool taken = answer.response->status == 200 && !answer.response->header("etag").empty();
    if (!taken) return tl::make_unexpected(error_of(part, *answer.response));
    return {};
  }

  void keep_offset() {
    const auto stored = watch_.on_offset ? watch_.on_offset(held_) : Status();
    if (!stored) end_with(local_error(stored.error().message));
  }

  // The first failure is the one that is told; what is under way beside it still comes to its end.
  void end_with(CallError error) {
    if (!trouble_) trouble_ = std::move(error);
  }

  const OfferAnswer& answer_;
  const Parcel& parcel_;
  const UploadWatch& watch_;
  const Tell& tell_;
  std::uint64_t held_;  // bytes of the parts that the store has
  std::size_t next_ = 0;
  std::map<int, std::size_t> by_number_;
  std::optional<CallError> trouble_;
  bool yielded_ = false;
};

PartsTransport::PartsTransport(http::Client& store, s3::Lanes& lanes, OfferAnswer answer, Ask ask, Tell tell)
    : store_(store),
      lanes_(lanes),
      answer_(std::move(answer)),
      ask_(std::move(ask)),
      tell_(std::move(tell)) {}

CallResult<std::string> PartsTransport::begin(const Parcel&) {
  return answer_.upload_url.empty() ? std::string(kNoUrl) : answer_.upload_url;
}

CallResult<void> PartsTransport::abandon(const std::string&) {
  return {};
}

std::uint64_t PartsTransport::missing(const Parcel& parcel) const {
  std::uint64_t bytes = 0;
  for (const MissingPart& part : answer_.parts) bytes += piece_of(part, answer_, parcel).size;
  return std::min(bytes, parcel.size);
}

CallResult<UploadEnd> PartsTransport::send_rest(const std::string&, const Parcel& parcel,
                                                const UploadWatch& watch) {
  auto opened = posix_file_system().open(parcel.file, OpenMode::kRead);
  if (!opened) return tl::make_unexpected(local_error(opened.error().message));
  const std::shared_ptr<File> file = std::move(*opened);
  for (int vain = 0;;) {
    if (answer_.kind == Answer::kVerifying || answer_.kind == Answer::kHave) return UploadEnd::kComplete;
    if (answer_.transport != "parts") return tl::make_unexpected(stuck());  // begun anew by the next attempt
    const std::uint64_t before = parcel.size - missing(parcel);
    Round round(answer_, parcel, watch, tell_, before);
    const auto end = round.run(store_, file, lanes_);
    if (end && *end != UploadEnd::kComplete) return end;
    if (!end && !is_curable(end.error().kind)) return end;
    vain = round.held() > before ? 0 : vain + 1;
    if (vain >= kMostVain) return tl::make_unexpected(end ? stuck() : end.error());
    SHILU_CALL(answer_, ask_());
  }
}

}  // namespace shilu::sender
