#pragma once
// One attempt at one submission: offer, upload, or asking how the verification went. Everything that it
// learns stands in the store before the next request. Thread-bound.

#include <functional>

#include "firmware/store/device_store.h"
#include "upload/sender/enrolment.h"
#include "upload/sender/transport.h"

namespace shilu::sender {

// How the attempt ended; the courier decides when the next one is.
struct Attempt {
  enum class End {
    kMoved,      // it reached a new state
    kWaiting,    // still verifying over there
    kLost,       // the platform knows nothing of what it had taken; it is to be sent again
    kYielded,    // something else is more urgent; it goes on later
    kFailed,     // `error` says why
    kCancelled,  // paused, withdrawn, or the outbox stops
  } end = End::kMoved;
  CallError error;
  bool answered = false;  // the platform said something in this attempt: the line is there
};

// The ways of carrying that this device knows.
struct Carriers {
  using Ask = std::function<CallResult<OfferAnswer>()>;  // makes the same offer again
  // Of the word that the platform's answer uses ("tus", "parts"); null: unknown. Borrowed until the next
  // call.
  std::function<UploadTransport*(const OfferAnswer& answer, const Ask& ask)> find;
  std::function<bool()> takes_parts;
};

class Delivery {
 public:
  Delivery(store::DeviceStore& store, PlatformClient& platform, const Enrolled& enrolled, Carriers carriers);
  Attempt send(const store::Submission& submission, const UploadWatch& watch);  // kQueued, kSending
  Attempt ask_result(const store::Submission& submission);                      // kVerifying
  Attempt ask_verdict(const store::Submission& submission);                     // kAcknowledged

 private:
  CallResult<Offer> offer_of(const store::Submission& submission) const;
  CallResult<std::string> handle_of(const store::Submission& submission, const OfferAnswer& answer,
                                    UploadTransport& transport);
  Attempt carry(const store::Submission& submission, const Offer& offer, const OfferAnswer& answer,
                const UploadWatch& watch);
  Attempt store_receipt(const store::Submission& submission, const DsseEnvelope& envelope);

  store::DeviceStore& store_;
  PlatformClient& platform_;
  const Enrolled& enrolled_;
  const Carriers carriers_;
};

}  // namespace shilu::sender
