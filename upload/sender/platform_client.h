#pragma once
// The device's side of docs/ref/platform-api.md: who the platform is, enrolment, the offer, the state of a
// package. Thread-bound (holds one http::Client).

#include <optional>
#include <string>
#include <vector>

#include "firmware/base/certificate.h"
#include "firmware/base/digest.h"
#include "firmware/http/client.h"
#include "upload/sender/heard_clock.h"

namespace shilu::sender {

struct PlatformInfo {
  std::string name;
  std::string receipt_key_pem;
  Bytes identity_key;           // X25519, 32 bytes
  std::string upload_endpoint;  // absolute URL of the tus endpoint
  std::uint64_t max_size = 0;   // 0: not said
};

struct Enrolment {
  std::string device_id;
  std::string token;
};

struct Offer {
  Digest package_sha256{};
  std::uint64_t size_bytes = 0;
  std::vector<Digest> blocks;  // of 8 MiB
  std::string programme;
  std::string point;
  bool takes_parts = true;  // false: the bytes can go nowhere but to the platform itself
};

// A block of the offer that the platform's store does not have yet.
struct MissingPart {
  int number = 0;  // from 1
  Digest sha256{};
  std::string url;  // takes just this block, for some hours
};

struct OfferAnswer {
  enum class Kind { kHave, kVerifying, kResume, kSend } kind = Kind::kSend;
  // How the platform wants the bytes: "tus" or "parts" (docs/ref/platform-api.md).
  std::string transport = "tus";
  std::string
      upload_url;  // kResume and "parts": the upload, an absolute URL; empty: an older platform's parts
  std::uint64_t offset = 0;             // kResume
  std::uint64_t part_size = 0;          // "parts"
  bool digest_signed = true;            // "parts": the URLs want the block's digest sent along
  std::vector<MissingPart> parts;       // "parts"
  std::optional<DsseEnvelope> receipt;  // kHave
};

struct PackageState {
  enum class Kind { kReceiving, kVerifying, kAcknowledged, kRejected } kind = Kind::kReceiving;
  std::uint64_t offset = 0;
  struct Reason {
    std::string code, text;
  };
  std::vector<Reason> reasons;
  std::optional<DsseEnvelope> receipt;
  std::optional<DsseEnvelope> verdict;
};

struct EnrolmentRequest {
  std::string name;   // of the device
  std::string claim;  // the platform's code
  KeyCertificate certificate;
  DsseEnvelope proof;  // by its key: evidence/enrolment_proof.h
};

// What went wrong with one call, sorted by what the sender does next.
struct CallError {
  enum class Kind {
    kNetwork,   // no answer: retry with backoff
    kTrust,     // the certificate, the pin, our certificate, other keys than at the enrolment, the proxy's
                // sign-in: a person must change something
    kBusy,      // 423, 429, 5xx: retry, not before retry_after
    kAuth,      // 401: the token is not (any more) good
    kGone,      // 404, 410: the upload is not there; begin it anew
    kConflict,  // 409: another offset; ask for it
    kTooLarge,  // 413
    kDamaged,   // 460: a block arrived other than announced; ask for the offset and send it again
    kPortal,    // answers like a captive portal or a proxy's page, not like the platform
    kRefused,   // any other 4xx: park it and tell
    kLocal,     // our own disk or store
  } kind = Kind::kNetwork;
  std::string message;
  std::optional<std::chrono::seconds> retry_after;
  std::string code;  // stable, for words in the reader's language: docs/design/uploading.md
};
template <typename T>
using CallResult = tl::expected<T, CallError>;

class PlatformClient {
 public:
  PlatformClient(http::Client client, std::string base_url);
  void set_token(std::string token);
  http::Client& client() { return client_; }
  // Of its last answer that was understood: a login page's Date is not the platform's. nullopt: not yet.
  std::optional<HeardClock> heard_clock() const { return heard_clock_; }

  CallResult<PlatformInfo> info();
  CallResult<DsseEnvelope> nonce();  // new for each who asks; whether it is the platform's is not looked at
  CallResult<Enrolment> enrol(const EnrolmentRequest& request);
  CallResult<OfferAnswer> offer(const Offer& offer);
  CallResult<PackageState> state(const Digest& package_sha256);

 private:
  http::Client client_;
  std::string base_url_;
  std::string token_;
  std::optional<HeardClock> heard_clock_;
};

}  // namespace shilu::sender
