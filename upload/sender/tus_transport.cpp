#include "upload/sender/tus_transport.h"

#include <algorithm>

#include "upload/sender/call.h"

namespace shilu::sender {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kMostVain = 3;  // requests in a row after which the offset stands where it stood
// What a cut request may lose without anybody being to blame: what was under way.
constexpr std::uint64_t kUnderWay = 2u << 20;

CallError local_error(const Error& error) {
  return {CallError::Kind::kLocal, error.message, std::nullopt, "local"};
}

CallError stuck() {
  return {CallError::Kind::kConflict, "the server's offset does not move; somebody else may be sending",
          std::nullopt, "conflict"};
}

}  // namespace

// One send_rest() under way.
struct TusTransport::Going {
  const std::string& url;
  const Parcel& parcel;
  const UploadWatch& watch;
  std::uint64_t offset = 0;
  std::uint64_t acked = 0;  // of the running request
  bool cancelled = false;
  bool ask_first = false;  // "Expect: 100-continue": the last answer was a refusal
  int vain = 0;
};

TusTransport::TusTransport(http::Client& client, std::string endpoint,
                           std::vector<std::pair<std::string, std::string>> headers)
    : tus_(client, std::move(headers)), endpoint_(std::move(endpoint)) {}

CallResult<std::string> TusTransport::begin(const Parcel& parcel) {
  return tus_.create(
      endpoint_, parcel.size,
      {{"package_sha256", to_hex(parcel.sha256)}, {"filename", parcel.file.filename().string()}});
}

CallResult<void> TusTransport::abandon(const std::string& handle) {
  return tus_.terminate(handle);
}

CallResult<std::uint64_t> TusTransport::one_slice(Going& going) {
  const std::uint64_t size = plan_.next(going.offset, going.parcel.size);
  const auto progress = [&going](std::uint64_t acked) {
    going.acked = acked;
    going.cancelled = going.watch.on_acked && !going.watch.on_acked(going.offset + acked);
    return !going.cancelled;
  };
  going.acked = 0;
  const auto begun = Clock::now();
  const TusClient::Slice slice{going.offset, size, going.ask_first};
  auto offset = tus_.append(going.url, going.parcel.file, slice,
                            {progress, going.watch.allowance, going.watch.on_line});
  if (offset && *offset > going.offset) plan_.on_sent(*offset - going.offset, Clock::now() - begun);
  going.ask_first = false;
  return offset;
}

// The server's offset after a failure that asking cures, or the failure.
CallResult<std::uint64_t> TusTransport::after_failure(Going& going, const CallError& error) {
  switch (error.kind) {
    case CallError::Kind::kTooLarge:
      if (!plan_.can_be_smaller()) return tl::make_unexpected(error);
      plan_.on_too_large();
      going.ask_first = true;
      break;
    case CallError::Kind::kConflict:
    case CallError::Kind::kDamaged:
    case CallError::Kind::kNetwork:
      break;
    default:
      return tl::make_unexpected(error);
  }
  auto offset = tus_.offset(going.url);
  if (!offset) return offset;
  if (error.kind == CallError::Kind::kNetwork && *offset <= going.offset && going.acked > kUnderWay)
    plan_.on_nothing_kept();
  const bool vain = *offset <= going.offset && error.kind != CallError::Kind::kTooLarge;
  going.vain = vain ? going.vain + 1 : 0;
  if (going.vain >= kMostVain) return tl::make_unexpected(error);
  return offset;
}

CallResult<UploadEnd> TusTransport::send_rest(const std::string& handle, const Parcel& parcel,
                                              const UploadWatch& watch) {
  Going going{handle, parcel, watch};
  SHILU_CALL(going.offset, tus_.offset(handle));
  for (;;) {
    if (going.offset > parcel.size) return tl::make_unexpected(stuck());
    if (watch.on_offset) {
      if (const auto stored = watch.on_offset(going.offset); !stored)
        return tl::make_unexpected(local_error(stored.error()));
    }
    if (going.offset == parcel.size) return UploadEnd::kComplete;
    if (watch.should_yield && watch.should_yield()) return UploadEnd::kYielded;
    auto offset = one_slice(going);
    if (going.cancelled) return UploadEnd::kCancelled;
    if (offset && *offset <= going.offset) offset = tl::make_unexpected(stuck());
    if (!offset) offset = after_failure(going, offset.error());
    if (!offset) return tl::make_unexpected(offset.error());
    if (*offset > going.offset) going.vain = 0;
    going.offset = *offset;
  }
}

}  // namespace shilu::sender
