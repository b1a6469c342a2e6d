#include "upload/sender/delivery.h"

#include "firmware/base/json_io.h"
#include "upload/evidence/receipt.h"
#include "upload/sender/block_hashes.h"
#include "upload/sender/call.h"

namespace shilu::sender {
namespace {

Attempt failed(CallError error) {
  return {Attempt::End::kFailed, std::move(error)};
}
Attempt failed(const Error& error) {
  return failed({CallError::Kind::kRefused, error.message, std::nullopt});
}
Attempt moved(const Status& status) {
  return status ? Attempt{} : failed(status.error());
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

Delivery::Delivery(store::DeviceStore& store, PlatformClient& platform, const Enrolled& enrolled)
    : store_(store), platform_(platform), enrolled_(enrolled) {}

TusClient Delivery::tus() {
  return {platform_.client(), {{"Authorization", "Bearer " + enrolled_.token}}};
}

Attempt Delivery::send(const store::Submission& submission, const OnAcked& on_acked) {
  if (const auto begun = store_.begin_attempt(submission.id); !begun) return failed(begun.error());
  auto answer = make_offer(submission);
  if (!answer) return failed(answer.error());
  if (answer->kind == OfferAnswer::Kind::kVerifying) return moved(store_.set_verifying(submission.id));
  if (answer->kind == OfferAnswer::Kind::kHave && answer->receipt)
    return store_receipt(submission, *answer->receipt);
  auto upload = begin_upload(submission, *answer);
  if (!upload) return failed(upload.error());
  return append_all(submission, std::move(*upload), on_acked);
}

CallResult<OfferAnswer> Delivery::make_offer(const store::Submission& submission) {
  const auto digest = package_digest(submission);
  const auto blocks = block_hashes(submission.package_path.value_or(""), size_of(submission));
  if (!digest || !blocks) {
    const std::string& message = digest ? blocks.error().message : digest.error().message;
    return tl::make_unexpected(CallError{CallError::Kind::kRefused, message, std::nullopt});
  }
  return platform_.offer({*digest, size_of(submission), *blocks, submission.programme, submission.point});
}

CallResult<RunningUpload> Delivery::begin_upload(const store::Submission& submission,
                                                 const OfferAnswer& answer) {
  RunningUpload upload{answer.upload_url, answer.offset};
  if (answer.kind != OfferAnswer::Kind::kResume) {
    SHILU_CALL(upload.url, tus().create(enrolled_.upload_endpoint, size_of(submission),
                                        {{"package_sha256", *submission.package_sha256}}));
    upload.offset = 0;
  }
  // Known before the first byte leaves, so that a restart goes on there.
  const auto stored = store_.set_upload(submission.id, upload.url, static_cast<std::int64_t>(upload.offset));
  if (!stored)
    return tl::make_unexpected(CallError{CallError::Kind::kRefused, stored.error().message, std::nullopt});
  return upload;
}

Attempt Delivery::append_all(const store::Submission& submission, RunningUpload upload,
                             const OnAcked& on_acked) {
  const UploadWatch watch{[&](std::uint64_t offset) {
                            return store_.set_acked(submission.id, static_cast<std::int64_t>(offset));
                          },
                          on_acked};
  TusClient client = tus();
  const auto end = send_rest(client, upload, *submission.package_path, size_of(submission), watch);
  if (!end) return failed(end.error());
  if (*end == UploadEnd::kCancelled) return {Attempt::End::kCancelled, {}};
  return moved(store_.set_verifying(submission.id));
}

Attempt Delivery::ask_result(const store::Submission& submission) {
  const auto digest = package_digest(submission);
  if (!digest) return failed(digest.error());
  const auto state = platform_.state(*digest);
  // The platform does not know it (any more): offer it again from the start.
  if (!state && state.error().kind == CallError::Kind::kGone) return moved(store_.send_again(submission.id));
  if (!state) return failed(state.error());
  switch (state->kind) {
    case PackageState::Kind::kVerifying:
      return {Attempt::End::kWaiting, {}};
    case PackageState::Kind::kReceiving:
      return moved(store_.send_again(submission.id));
    case PackageState::Kind::kRejected:
      return moved(store_.reject(submission.id, reasons_json(state->reasons)));
    case PackageState::Kind::kAcknowledged:
      break;
  }
  if (!state->receipt) {
    return failed(
        {CallError::Kind::kPortal, "the platform acknowledged the package without a receipt", std::nullopt});
  }
  return store_receipt(submission, *state->receipt);
}

Attempt Delivery::ask_verdict(const store::Submission& submission) {
  const auto digest = package_digest(submission);
  const auto key = enrolled_.receipt_key();
  if (!digest || !key) return failed(digest ? key.error() : digest.error());
  const auto state = platform_.state(*digest);
  if (!state) return failed(state.error());
  if (!state->verdict) return {Attempt::End::kWaiting, {}};
  const auto verdict = evidence::open_verdict(*state->verdict, *key);
  if (!verdict) return failed(verdict.error().within("the platform's verdict"));
  if (verdict->package_sha256 != *digest) {
    return failed(
        {CallError::Kind::kRefused, "the platform's verdict speaks of another package", std::nullopt});
  }
  return moved(store_.set_verdict(submission.id, state->verdict->to_json()));
}

// Only a receipt that the pinned key signed for this very package counts: local media may be deleted against
// it.
Attempt Delivery::store_receipt(const store::Submission& submission, const DsseEnvelope& envelope) {
  const auto digest = package_digest(submission);
  const auto key = enrolled_.receipt_key();
  if (!digest || !key) return failed(digest ? key.error() : digest.error());
  const auto receipt = evidence::open_receipt(envelope, *key);
  if (!receipt) return failed(receipt.error().within("the platform's receipt"));
  if (receipt->package_sha256 != *digest || receipt->size_bytes != size_of(submission)) {
    return failed(
        {CallError::Kind::kRefused, "the platform's receipt speaks of another package", std::nullopt});
  }
  return moved(store_.acknowledge(submission.id, envelope.to_json()));
}

void Delivery::withdraw(const std::string& upload_url) {
  (void)tus().terminate(upload_url);
}

}  // namespace shilu::sender
