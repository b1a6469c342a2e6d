#include "upload/sender/receipt_book.h"

#include <fmt/format.h>

#include "firmware/base/file_system.h"
#include "upload/evidence/receipt.h"

namespace shilu::sender {
namespace {

Result<evidence::Receipt> believed(const Enrolled& enrolled, const DsseEnvelope& envelope) {
  SHILU_TRY(const PublicKey key, enrolled.receipt_key());
  auto receipt = evidence::open_receipt(envelope, key);
  if (!receipt) return fail(receipt.error().within("the platform's receipt"));
  return receipt;
}

}  // namespace

Status keep_with_lesson(store::DeviceStore& store, const store::Submission& submission, std::string_view kind,
                        const DsseEnvelope& envelope) {
  SHILU_TRY(const store::Lesson lesson, store.lesson(submission.lesson_id));
  const std::filesystem::path directory = lesson.directory;
  if (!posix_file_system().exists(directory)) return {};
  SHILU_CHECK(posix_file_system().create_directories(directory / "receipts"));
  const std::string name = fmt::format("{}.{}.json", submission.package_sha256.value_or("none"), kind);
  return write_file_atomic(directory / "receipts" / name, as_bytes(envelope.to_json()));
}

Status take_receipt(store::DeviceStore& store, const Enrolled& enrolled, const store::Submission& submission,
                    const DsseEnvelope& envelope) {
  SHILU_TRY(const evidence::Receipt receipt, believed(enrolled, envelope));
  const bool its = to_hex(receipt.package_sha256) == submission.package_sha256.value_or("") &&
                   receipt.size_bytes == static_cast<std::uint64_t>(submission.size_bytes.value_or(0));
  if (!its) return fail(ErrorKind::kPermissionDenied, "the platform's receipt speaks of another package");
  SHILU_CHECK(keep_with_lesson(store, submission, "receipt", envelope));
  return store.acknowledge(submission.id, envelope.to_json());
}

Result<store::Submission> take_receipt_by_hand(store::DeviceStore& store, const Enrolled& enrolled,
                                               const DsseEnvelope& envelope) {
  SHILU_TRY(const evidence::Receipt receipt, believed(enrolled, envelope));
  SHILU_TRY(const auto submission, store.submission_of_package(to_hex(receipt.package_sha256)));
  if (!submission)
    return fail(ErrorKind::kNotFound,
                fmt::format("receipt {} is for no package of this device", receipt.number));
  if (submission->state == store::SubmissionState::kAcknowledged) return *submission;
  SHILU_CHECK(take_receipt(store, enrolled, *submission, envelope));
  return store.submission(submission->id);
}

}  // namespace shilu::sender
