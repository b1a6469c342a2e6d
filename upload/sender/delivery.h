#pragma once
// One attempt at one submission: offer, upload, or asking how the verification went. Everything that it
// learns stands in the store before the next request. Thread-bound.

#include <functional>

#include "firmware/store/device_store.h"
#include "upload/sender/enrolment.h"
#include "upload/sender/upload_loop.h"

namespace shilu::sender {

// How the attempt ended; the outbox decides when the next one is.
struct Attempt {
  enum class End {
    kMoved,      // it reached a new state
    kWaiting,    // still verifying over there
    kFailed,     // `error` says why
    kCancelled,  // paused, withdrawn, or the outbox stops
  } end = End::kMoved;
  CallError error;
};

// Bytes acknowledged of the whole package; false stops the upload.
using OnAcked = std::function<bool(std::uint64_t acked_bytes)>;

class Delivery {
 public:
  Delivery(store::DeviceStore& store, PlatformClient& platform, const Enrolled& enrolled);
  Attempt send(const store::Submission& submission, const OnAcked& on_acked);  // kQueued, kSending
  Attempt ask_result(const store::Submission& submission);                     // kVerifying
  Attempt ask_verdict(const store::Submission& submission);                    // kAcknowledged
  void withdraw(const std::string& upload_url);  // tells the platform; best effort

 private:
  CallResult<OfferAnswer> make_offer(const store::Submission& submission);
  CallResult<RunningUpload> begin_upload(const store::Submission& submission, const OfferAnswer& answer);
  Attempt append_all(const store::Submission& submission, RunningUpload upload, const OnAcked& on_acked);
  Attempt store_receipt(const store::Submission& submission, const DsseEnvelope& envelope);
  TusClient tus();

  store::DeviceStore& store_;
  PlatformClient& platform_;
  const Enrolled& enrolled_;
};

}  // namespace shilu::sender
