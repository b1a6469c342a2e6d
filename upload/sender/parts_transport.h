#pragma once
// Uploads through the platform's object store: the platform names the blocks that are missing, each with a
// URL that takes just that block, and the store checks its digest. No key of the store is ever here. What has
// arrived is asked of the platform (it asks the store), so that a restart costs at most the blocks that were
// under way: as many as the lanes allow (upload/s3/lanes.h). Thread-bound.

#include "firmware/base/clock.h"
#include "upload/s3/lanes.h"
#include "upload/sender/transport.h"

namespace shilu::sender {

// Whether the store can be reached from here. A school's firewall may let through the platform alone: after
// three failures in a row the packages go to the platform itself for an hour.
class StoreReach {
 public:
  bool is_worth_trying(MonotonicTime now) const { return now >= closed_until_; }
  void on_part() { failures_ = 0; }
  void on_failure(MonotonicTime now);

 private:
  int failures_ = 0;
  MonotonicTime closed_until_{};
};

class PartsTransport final : public UploadTransport {
 public:
  // Repeats the offer: what is missing now?
  using Ask = std::function<CallResult<OfferAnswer>()>;
  // How one attempt at a part ended, if it was not by the platform's or our own fault; see StoreReach.
  using Tell = std::function<void(bool reached)>;

  // `store`: trusts whom a store's certificate needs, which need not be the platform's pin. Borrowed.
  // `lanes`: what is known of the way to the store. Borrowed. `answer`: to the offer that was just made.
  PartsTransport(http::Client& store, s3::Lanes& lanes, OfferAnswer answer, Ask ask, Tell tell);
  CallResult<std::string> begin(const Parcel& parcel) override;
  CallResult<UploadEnd> send_rest(const std::string& handle, const Parcel& parcel,
                                  const UploadWatch& watch) override;
  // Only the platform can do that: its DELETE of the handle.
  CallResult<void> abandon(const std::string& handle) override;

 private:
  class Round;
  std::uint64_t missing(const Parcel& parcel) const;

  http::Client& store_;
  s3::Lanes& lanes_;
  OfferAnswer answer_;
  const Ask ask_;
  const Tell tell_;
};

}  // namespace shilu::sender
