#pragma once
// The platform's signed answers, taken in: checked against the pinned key and the package, kept beside the
// lesson, then told in the store. Only such a receipt counts: local media may be deleted against it.
// Thread-safe as the store is.

#include "firmware/base/dsse.h"
#include "firmware/store/device_store.h"
#include "upload/sender/enrolment.h"

namespace shilu::sender {

// kPermissionDenied, kCorrupted: the receipt is not believed, and nothing has changed.
Status take_receipt(store::DeviceStore& store, const Enrolled& enrolled, const store::Submission& submission,
                    const DsseEnvelope& envelope);
// One that came by hand: for whichever submission it is. -> it, acknowledged; also if it was before.
// kNotFound: of no package here.
Result<store::Submission> take_receipt_by_hand(store::DeviceStore& store, const Enrolled& enrolled,
                                               const DsseEnvelope& envelope);
// Beside the lesson, so that it outlives the store: `kind` is "receipt" or "verdict". A lesson whose folder
// was deleted has no place for it.
Status keep_with_lesson(store::DeviceStore& store, const store::Submission& submission, std::string_view kind,
                        const DsseEnvelope& envelope);

}  // namespace shilu::sender
