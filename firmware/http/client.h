#pragma once
// HTTP client on libcurl for the control conversation and for streamed uploads. One Client per thread; it
// carries one request at a time, or several. Connections are reused. A fresh easy handle per request (a
// handle that failed once is never trusted again). How dead peers are noticed: docs/design/uploading.md.

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "firmware/base/bytes.h"

namespace shilu::http {

// Where an upload's bytes come from: fills `buffer` with the body's bytes from `at` on, gives the count, 0 at
// the end, or an error to abort. Asked in order, and once more from 0 if a kept connection proves dead.
using BodySource = std::function<Result<std::size_t>(std::uint64_t at, std::span<std::uint8_t> buffer)>;

// What the kernel knows of the connection (TCP_INFO), for whoever wants to give way to others on the line.
struct LineSample {
  std::chrono::steady_clock::time_point at;
  std::chrono::microseconds round_trip{0};  // smoothed; 0: not known
  std::uint64_t acked_bytes = 0;            // of the body
};

struct ClientRequest {
  std::string method = "GET";
  std::string url;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;   // or:
  BodySource source;  // with source_size
  std::uint64_t source_size = 0;
  bool expect_continue = false;  // "Expect: 100-continue" before a streamed body
  // Bytes acknowledged by the peer's kernel so far (not those merely handed to the socket); called about 4
  // times a second. Return false to cancel. Begins anew with the body.
  std::function<bool(std::uint64_t acked_bytes)> on_progress;
  // How many of the `wanted` next bytes of a streamed body may leave now; they count as used. 0: hold the
  // body back and ask again some milliseconds later. Empty: no limit.
  std::function<std::size_t(std::size_t wanted)> allowance;
  std::function<void(const LineSample&)> on_line;  // about 10 times a second while the request runs
  std::chrono::milliseconds answer_timeout{
      30'000};  // from the last body byte acknowledged to the answer's head
};

struct ClientResponse {
  int status = 0;
  std::map<std::string, std::string> headers;  // lower-case names; the last of repeated ones
  std::string body;                            // at most 16 MiB, else an error
  std::string_view header(std::string_view lower_case_name) const;
};

struct ClientOptions {
  std::string user_agent = "shilu";
  std::chrono::milliseconds name_timeout{6'000};        // until an address is known
  std::chrono::milliseconds connect_timeout{4'000};     // until TCP stands: SYNs at 0, 1 and 3 s
  std::chrono::milliseconds handshake_timeout{30'000};  // all of that and TLS
  // Sent data without any sign of the peer: given up after this, or 4 retransmission timeouts of the line if
  // they are longer. Doubles each time that a connection brought nothing, up to dead_peer_timeout.
  std::chrono::milliseconds silence{2'000};
  std::chrono::milliseconds dead_peer_timeout{20'000};  // TCP_USER_TIMEOUT, should we not look ourselves
  std::string ca_file;                                  // the school's own CA; empty: the system's
  std::string pinned_keys;                              // CURLOPT_PINNEDPUBLICKEY; empty: none
  std::string client_certificate;                       // mutual TLS: PEM files; both or none
  std::string client_key;
  // "http://host:port", "https://…", "socks5h://…"; empty: from the environment. "direct": none, whatever the
  // environment.
  std::string proxy;
  std::string proxy_user, proxy_password;
  // Asked once per origin instead of `proxy`: what a PAC script says, "PROXY a:3128; DIRECT". Errors end the
  // request.
  std::function<Result<std::string>(const std::string& url)> proxy_for;
  // "host:port" -> address, for when the name server is away; the client adds those that worked.
  std::map<std::string, std::string> known_addresses;
};

// Why the last request failed, for words in the reader's language.
enum class Cause {
  kNone,
  kName,            // its name has no address
  kRefused,         // nobody listens there
  kUnreachable,     // no way, or no answer to the first packet
  kCut,             // the connection ended in the middle
  kSilent,          // the connection stands, and nothing comes back any more
  kNoAnswer,        // it took everything and did not answer
  kUntrusted,       // its certificate
  kClock,           // its certificate is not valid yet or any more: perhaps our clock
  kWrongPin,        // trusted, but not with one of the pinned keys
  kOurCertificate,  // it wants another one than ours, or ours cannot be used
  kProxy,           // the proxy does not let us through
  kProxySignIn,     // the proxy wants a name and a password
  kCancelled,
  kOther,
};
std::string_view to_string(Cause cause);  // "no-name", …; stable

class Client {
 public:
  explicit Client(ClientOptions options = {});
  ~Client();
  Client(Client&&) noexcept;
  Client& operator=(Client&&) noexcept;
  // Not while others are under way. Any HTTP status is a success here. Errors: kUnavailable (refused, reset,
  // no name), kTimedOut, kCancelled, kPermissionDenied (TLS trust, pin), each with a sentence that names host
  // and cause.
  Result<ClientResponse> perform(const ClientRequest& request);
  Cause cause() const;  // of the last perform()

  // Several at a time. Their callbacks come from within turn(), so that nobody needs a lock.
  using Ticket = std::uint64_t;
  struct Ended {
    Ticket ticket = 0;
    Result<ClientResponse> response;  // as of perform()
    Cause cause = Cause::kNone;
  };
  // It goes out with the next turn(). Errors: what cannot be sent at all.
  Result<Ticket> begin(ClientRequest request);
  // Carries on all that were begun, until one has ended, `at_most` is over, or somebody rings: then nullopt.
  std::optional<Ended> turn(std::chrono::milliseconds at_most);
  void drop_all();  // whatever is under way ends without a word; their connections are closed
  void ring();      // thread-safe
  const std::map<std::string, std::string>& known_addresses() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Splits and checks an absolute http(s) URL; resolves a Location against it.
Result<std::string> resolve_url(std::string_view base, std::string_view reference);
std::string url_encode(std::string_view text);  // RFC 3986 unreserved kept

}  // namespace shilu::http
