#pragma once
// A platform that runs in this process, and those who talk to it: devices, assessors, anybody.

#include <atomic>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "firmware/base/clock.h"
#include "firmware/base/json_io.h"
#include "firmware/http/client.h"
#include "tests/base/temporary_directory.h"
#include "tests/evidence/evidence_fixture.h"
#include "upload/platform/platform.h"

namespace shilu::test {

inline constexpr PasswordCost kCheapPassword{1, 8192};  // the standard would be most of these tests' time

// A wall clock that tests move; thread-safe, unlike ManualClock.
class HandClock final : public Clock {
 public:
  MonotonicTime monotonic() const override { return {now_ns_.load()}; }
  WallTime wall() const override { return {now_ns_.load()}; }
  ClockQuality quality() const override { return {true, 1}; }
  void advance(std::chrono::seconds by) { now_ns_ += Nanoseconds(by).count(); }

 private:
  std::atomic<std::int64_t> now_ns_{1'780'000'000'000'000'000};
};

struct Answer {
  int status = 0;
  std::map<std::string, std::string> headers;
  std::string body;
  Json json() const;  // of the body; null if it is none
  std::string code() const { return json_string_or(json(), "code", ""); }
  std::string header(const std::string& lower_case_name) const;
};

using Headers = std::vector<std::pair<std::string, std::string>>;

// One peer with its own connection.
class Caller {
 public:
  explicit Caller(std::string base_url, std::string token = "")
      : base_(std::move(base_url)), token_(std::move(token)) {}
  Answer call(const std::string& method, const std::string& path, const std::string& body = "",
              Headers headers = {});
  Answer get(const std::string& path, Headers headers = {}) {
    return call("GET", path, "", std::move(headers));
  }
  Answer post(const std::string& path, const Json& body) { return call("POST", path, canonical_json(body)); }
  Answer put(const std::string& path, const Json& body) { return call("PUT", path, canonical_json(body)); }
  const std::string& token() const { return token_; }

 private:
  std::string base_;
  std::string token_;
  http::Client client_;
};

class RunningPlatform {
 public:
  // `assessors`: E01, E02, ...; their PINs are "pin-E01", ...
  explicit RunningPlatform(int assessors = 3);
  ~RunningPlatform();
  void stop();
  void start();
  void write_accounts(int assessors);
  void restart() {
    stop();
    start();
  }

  platform::PlatformSettings settings;
  HandClock clock;

  std::string url() const;
  std::filesystem::path directory() const { return home_ / "platform"; }
  const std::filesystem::path& home() const { return home_.path(); }
  Caller anybody() const { return Caller(url()); }
  // The device whose keys lie in `keys` (made if there are none) enrols.
  Caller device(const std::filesystem::path& keys, const std::string& name = "八(2)班教室") const;
  // What it posts for that; `signer`: whose signature proves that it is the device.
  Json enrolment(const KeyCertificate& certificate, const SigningKey& signer, const std::string& name) const;
  Caller assessor(const std::string& id) const;
  Bytes identity_key() const;
  PublicKey receipt_key() const;

 private:
  TemporaryDirectory home_;
  std::unique_ptr<platform::Platform> platform_;
};

// A package of a tiny lesson for this platform's identity key.
struct Made {
  std::filesystem::path file;
  std::filesystem::path keys;
  std::string sha256;
};
struct MakeOptions {
  std::string point = "A6";
  std::string catalogue = "cn-2.0";
  bool signed_in = true;
  bool identity = true;
  std::map<std::string, std::string> fields{};
};
Made make_package(const RunningPlatform& platform, const std::string& name, const MakeOptions& options = {});

Headers tus_headers(Headers more = {});
// Creation and one PATCH of everything -> the upload's path. Throws on any other answer than 201 and 204.
std::string upload_whole(Caller& device, const std::string& bytes, const std::string& announced_sha256 = "");
Json offer_of(const std::string& bytes, const std::string& point = "A6");
// The answer of GET submissions/{sha} once it is no longer "verifying" or "receiving".
Json final_state(Caller& device, const std::string& sha256);
// Uploads the package and waits -> its state.
Json deliver(Caller& device, const std::filesystem::path& package);

}  // namespace shilu::test
