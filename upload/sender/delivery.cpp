#include "upload/sender/delivery.h"

#include <fmt/format.h>

#include "firmware/base/file_system.h"
#include "firmware/base/json_io.h"
#include "upload/evidence/receipt.h"
#include "upload/sender/block_hashes.h"
#include "upload/sender/call.h"
#include "upload/sender/receipt_book.h"

namespace shilu::sender {
namespace {

Attempt failed(CallError error) {
  const bool answered = error.kind != CallError::Kind::kNetwork && error.kind != CallError::Kind::kTrust &&
                        error.kind != CallError::Kind::kPortal && error.kind != CallError::Kind::kLocal;
  return {Attempt::End::kFailed, std::move(error), answered};
}
CallError local(const Error& error) {
  return {CallError::Kind::kLocal, error.message, std::nullopt, "local"};
}
// What the platform said is not what it promised: for people to look at.
CallError not_believed(std::string message) {
  return {CallError::Kind::kRefused, std::move(message), std::nullopt, "not-believed"};
}
Attempt moved(const Status& status) {
  return status ? Attempt{Attempt::End::kMoved, {}, true} : failed(local(status.error()));
}

Result<Digest> package_digest(const store::Submission& submission) {
  return digest_from_hex(submission.package_sha256.value_or(""));
}

std::uint64_t size_of(const store::Submission& submission) {
  return static_cast<std::uint64_t>(submission.size_bytes.value_or(0));
}

std::string reasons_json(const std::vector<PackageState::Reason>& reasons) {
  Json list = Json::array();
  for (const auto& reason : reasons) list.push_back({{"code", reason.code}, {"text", reason.text}});
  return canonical_json(list);
}

}  // namespace

Delivery::Delivery(store::DeviceStore& store, PlatformClient& platform, const Enrolled& enrolled,
                   Carriers carriers)
    : store_(store), platform_(platform), enrolled_(enrolled), carriers_(std::move(carriers)) {}

Attempt Delivery::send(const store::Submission& submission, const UploadWatch& watch) {
  const auto offer = offer_of(submission);
  if (!offer) return failed(offer.error());
  const auto answer = platform_.offer(*offer);
  if (!answer) return failed(answer.error());
  if (const auto begun = store_.begin_attempt(submission.id); !begun) return failed(local(begun.error()));
  if (answer->kind == OfferAnswer::Kind::kVerifying) return moved(store_.set_verifying(submission.id));
  if (answer->kind == OfferAnswer::Kind::kHave && answer->receipt)
    return store_receipt(submission, *answer->receipt);
  Attempt attempt = carry(submission, *offer, *answer, watch);
  attempt.answered = true;
  return attempt;
}

CallResult<Offer> Delivery::offer_of(const store::Submission& submission) const {
  const auto digest = package_digest(submission);
  if (!digest) return tl::make_unexpected(local(digest.error()));
  const auto blocks = block_hashes(submission.package_path.value_or(""), size_of(submission));
  if (!blocks) return tl::make_unexpected(local(blocks.error()));
  return Offer{*digest,          size_of(submission),    *blocks, submission.programme,
               submission.point, carriers_.takes_parts()};
}

// Known before the first byte leaves, so that a restart goes on there.
CallResult<std::string> Delivery::handle_of(const store::Submission& submission, const OfferAnswer& answer,
                                            UploadTransport& transport) {
  const auto digest = package_digest(submission);
  if (!digest) return tl::make_unexpected(local(digest.error()));
  std::string handle = answer.upload_url;
  std::uint64_t offset = answer.offset;
  if (answer.kind != OfferAnswer::Kind::kResume) {
    const Parcel parcel{*submission.package_path, size_of(submission), *digest};
    SHILU_CALL(handle, transport.begin(parcel));
    offset = handle == submission.upload_url ? static_cast<std::uint64_t>(submission.acked_offset) : 0;
  }
  const auto stored = store_.set_upload(submission.id, handle, static_cast<std::int64_t>(offset));
  if (!stored) return tl::make_unexpected(local(stored.error()));
  return handle;
}

Attempt Delivery::carry(const store::Submission& submission, const Offer& offer, const OfferAnswer& answer,
                        const UploadWatch& watch) {
  UploadTransport* transport = carriers_.find(answer, [&] { return platform_.offer(offer); });
  if (transport == nullptr) {
    return failed(
        {CallError::Kind::kRefused,
         "the platform wants the package by \"" + answer.transport + "\", which this device does not know",
         std::nullopt, "transport"});
  }
  const auto handle = handle_of(submission, answer, *transport);
  if (!handle) return failed(handle.error());
  // Only what goes beyond all that was known counts as an achievement.
  auto best = static_cast<std::uint64_t>(submission.acked_offset);
  UploadWatch inner = watch;
  inner.on_offset = [&](std::uint64_t offset) -> Status {
    const auto at = static_cast<std::int64_t>(offset);
    if (offset <= best) return store_.set_upload(submission.id, *handle, at);
    best = offset;
    SHILU_CHECK(store_.set_acked(submission.id, at));
    return watch.on_offset ? watch.on_offset(offset) : Status();
  };
  const auto digest = package_digest(submission);
  const auto end =
      transport->send_rest(*handle, {*submission.package_path, size_of(submission), *digest}, inner);
  // The platform offered to go on with an upload whose time is over.
  if (!end && end.error().kind == CallError::Kind::kGone && answer.kind == OfferAnswer::Kind::kResume) {
    OfferAnswer anew;
    anew.transport = answer.transport;
    return carry(submission, offer, anew, watch);
  }
  if (!end) return failed(end.error());
  if (*end == UploadEnd::kCancelled) return {Attempt::End::kCancelled, {}, true};
  if (*end == UploadEnd::kYielded) return {Attempt::End::kYielded, {}, true};
  return moved(store_.set_verifying(submission.id));
}

Attempt Delivery::ask_result(const store::Submission& submission) {
  const auto digest = package_digest(submission);
  if (!digest) return failed(local(digest.error()));
  const auto state = platform_.state(*digest);
  if (!state && state.error().kind == CallError::Kind::kGone) return {Attempt::End::kLost, {}, true};
  if (!state) return failed(state.error());
  switch (state->kind) {
    case PackageState::Kind::kVerifying:
      return {Attempt::End::kWaiting, {}, true};
    case PackageState::Kind::kReceiving:
      return moved(store_.send_again(submission.id));
    case PackageState::Kind::kRejected:
      return moved(store_.reject(submission.id, reasons_json(state->reasons)));
    case PackageState::Kind::kAcknowledged:
      break;
  }
  if (!state->receipt) {
    return failed(not_believed("the platform acknowledged the package without a receipt"));
  }
  return store_receipt(submission, *state->receipt);
}

Attempt Delivery::ask_verdict(const store::Submission& submission) {
  const auto digest = package_digest(submission);
  const auto key = enrolled_.receipt_key();
  if (!digest || !key) return failed(local(digest ? key.error() : digest.error()));
  const auto state = platform_.state(*digest);
  if (!state) return failed(state.error());
  if (!state->verdict) return {Attempt::End::kWaiting, {}, true};
  const auto verdict = evidence::open_verdict(*state->verdict, *key);
  if (!verdict) return failed(not_believed(verdict.error().within("the platform's verdict").message));
  if (verdict->package_sha256 != *digest) {
    return failed(not_believed("the platform's verdict speaks of another package"));
  }
  if (const auto kept = keep_with_lesson(store_, submission, "verdict", *state->verdict); !kept)
    return failed(local(kept.error()));
  return moved(store_.set_verdict(submission.id, state->verdict->to_json()));
}

Attempt Delivery::store_receipt(const store::Submission& submission, const DsseEnvelope& envelope) {
  const auto taken = take_receipt(store_, enrolled_, submission, envelope);
  const bool believed = taken || (taken.error().kind != ErrorKind::kPermissionDenied &&
                                  taken.error().kind != ErrorKind::kCorrupted);
  return believed ? moved(taken) : failed(not_believed(taken.error().message));
}

}  // namespace shilu::sender
