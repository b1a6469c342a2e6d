#pragma once
// What the device and its platform tell each other beside packages: the device shows its key certificates and
// how its log goes on, the platform gives a nonce that bounds the next lesson's time from below. On a thread
// of its own; whatever fails is tried again, and nothing waits for it. docs/ref/platform-api.md.

#include <condition_variable>
#include <functional>
#include <mutex>
#include <set>
#include <thread>

#include "capture/journal/device_log.h"
#include "firmware/http/client.h"
#include "upload/sender/enrolment.h"

namespace shilu::portal {

class DeviceLink {
 public:
  struct Options {
    std::string platform_url;
    http::ClientOptions line;                         // to the platform
    std::filesystem::path enrolment_file;             // written by the outbox
    std::vector<DsseEnvelope> certificates;           // of this device's keys
    Nanoseconds interval = std::chrono::seconds(10);  // of trying, and of asking for a nonce
    Nanoseconds nonce_lifetime = std::chrono::minutes(10);
    std::string time_stamp_server;  // RFC 3161 over HTTP; empty: none
    // Packages that wait to be delivered: digest and file. A time stamp of the seal is kept beside each, as
    // <file>.tsr.
    std::function<std::vector<std::pair<std::string, std::filesystem::path>>()> packages;
  };
  // The log is borrowed.
  DeviceLink(Options options, journal::DeviceLog& log, const Clock& clock);
  ~DeviceLink();
  void start();
  void wake();  // thread-safe: the log has something new
  // The platform's newest nonce (DSSE envelope); none while there is no line, or if the last one is old.
  // Thread-safe.
  std::optional<DsseEnvelope> nonce() const;

 private:
  void run();
  void work();
  Status show_certificates();
  Status show_log();
  Status ask_nonce();
  Status stamp_packages();
  Status stamp(const std::string& sha256, const std::filesystem::path& package);
  Result<Bytes> ask_time_stamp(const Digest& digest);
  Result<Json> call(const std::string& method, const std::string& path, const std::optional<Json>& body);

  const Options options_;
  journal::DeviceLog& log_;
  const Clock& clock_;

  // Bound to the link's thread.
  http::Client client_;
  http::Client
      stamp_client_;  // the same way out; pinned keys and our certificate are the platform's business
  std::optional<sender::Enrolled> enrolled_;
  std::string shown_with_token_;  // the certificates were shown under it
  std::uint64_t shown_leaves_ = 0;
  std::set<std::string> stamped_;  // packages whose time stamp the platform has
  std::string told_;               // what was logged last, so that it is logged once

  mutable std::mutex mutex_;  // guards what follows
  std::condition_variable woken_;
  bool wake_ = false;
  bool stopping_ = false;
  std::optional<DsseEnvelope> nonce_;
  MonotonicTime nonce_until_{};
  std::thread thread_;
};

}  // namespace shilu::portal
