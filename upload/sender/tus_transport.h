#pragma once
// Uploads by tus: one PATCH after the other, and the server's offset is the truth after each. Thread-bound.

#include "upload/sender/slice_plan.h"
#include "upload/sender/transport.h"
#include "upload/sender/tus_client.h"

namespace shilu::sender {

class TusTransport final : public UploadTransport {
 public:
  // `endpoint`: where uploads are created. The client outlives the transport.
  TusTransport(http::Client& client, std::string endpoint,
               std::vector<std::pair<std::string, std::string>> headers);
  CallResult<std::string> begin(const Parcel& parcel) override;
  CallResult<UploadEnd> send_rest(const std::string& handle, const Parcel& parcel,
                                  const UploadWatch& watch) override;
  CallResult<void> abandon(const std::string& handle) override;
  TusClient& tus() { return tus_; }

 private:
  struct Going;
  CallResult<std::uint64_t> one_slice(Going& going);
  CallResult<std::uint64_t> after_failure(Going& going, const CallError& error);

  TusClient tus_;
  const std::string endpoint_;
  SlicePlan plan_;  // learnt over all uploads
};

}  // namespace shilu::sender
