#include "firmware/http/client.h"

#include <mutex>

#include "firmware/http/curl_error.h"
#include "firmware/http/patience.h"
#include "firmware/http/proxy_list.h"
#include "firmware/http/transfer.h"
#include "firmware/http/url.h"

namespace shilu::http {
namespace {

void start_libcurl() {
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
}

MultiHandle make_multi() {
  start_libcurl();
  MultiHandle multi(curl_multi_init());
  curl_multi_setopt(multi.get(), CURLMOPT_MAXCONNECTS, 4L);
  return multi;
}

// The result of the one request that the multi handle drives, once it has ended.
std::optional<CURLcode> ended(CURLM* multi) {
  int left = 0;
  while (CURLMsg* message = curl_multi_info_read(multi, &left)) {
    if (message->msg == CURLMSG_DONE) return message->data.result;
  }
  return std::nullopt;
}

// "[::1]:443" is known to libcurl as "::1:443".
std::string resolve_entry(std::string_view peer, const std::string& address) {
  std::string entry(peer);
  std::erase_if(entry, [](char c) { return c == '[' || c == ']'; });
  return entry + ":" + (address.find(':') == std::string::npos ? address : "[" + address + "]");
}

// The proxies that a PAC script named for one origin, and the one whose turn it is.
struct Ways {
  std::vector<std::string> proxies;
  std::size_t turn = 0;
  std::chrono::steady_clock::time_point asked;
};
constexpr auto kWaysLast =
    std::chrono::minutes(10);  // then the script is asked again: the machine may have moved

}  // namespace

std::string_view ClientResponse::header(std::string_view lower_case_name) const {
  auto found = headers.find(std::string(lower_case_name));
  return found == headers.end() ? std::string_view() : std::string_view(found->second);
}

struct Client::Impl {
  explicit Impl(ClientOptions with)
      : options(std::move(with)),
        sockets(options.dead_peer_timeout),
        multi(make_multi()),
        patience(options.silence, options.dead_peer_timeout),
        addresses(options.known_addresses) {}

  Result<AttemptPlan> plan(const ClientRequest& request, const std::string& peer);
  Result<ClientResponse> drive(const ClientRequest& request, const AttemptPlan& attempt,
                               const std::string& peer);
  Result<ClientResponse> run(Transfer& transfer);
  void learn(const Transfer& transfer, bool answered, const AttemptPlan& attempt, const std::string& peer);

  ClientOptions options;
  SocketTable sockets;  // must outlive the connections that multi keeps
  MultiHandle multi;
  Patience patience;
  std::map<std::string, std::string> addresses;
  std::map<std::string, Ways> ways;  // by peer
  Cause cause = Cause::kNone;
};

Client::Client(ClientOptions options) : impl_(std::make_unique<Impl>(std::move(options))) {}
Client::~Client() = default;
Client::Client(Client&&) noexcept = default;
Client& Client::operator=(Client&&) noexcept = default;

Cause Client::cause() const {
  return impl_->cause;
}

const std::map<std::string, std::string>& Client::known_addresses() const {
  return impl_->addresses;
}

Result<AttemptPlan> Client::Impl::plan(const ClientRequest& request, const std::string& peer) {
  AttemptPlan attempt{patience.silence(), options.proxy, ""};
  if (!options.proxy_for) return attempt;
  Ways& known = ways[peer];
  const auto now = std::chrono::steady_clock::now();
  if (known.proxies.empty() || now - known.asked > kWaysLast || known.turn >= known.proxies.size()) {
    SHILU_TRY(const std::string answer, options.proxy_for(request.url));
    known = {proxies_of(answer), 0, now};
  }
  attempt.proxy = known.proxies[known.turn];
  return attempt;
}

Result<ClientResponse> Client::Impl::run(Transfer& transfer) {
  Attached attached(multi.get(), transfer.easy());
  for (;;) {
    int running = 0;
    if (curl_multi_perform(multi.get(), &running) != CURLM_OK)
      return fail(ErrorKind::kInternal, "libcurl cannot go on");
    if (auto code = ended(multi.get())) return transfer.finish(*code);
    if (auto error = transfer.check()) return fail(std::move(*error));
    curl_multi_poll(multi.get(), nullptr, 0, static_cast<int>(transfer.next_turn().count()), nullptr);
  }
}

void Client::Impl::learn(const Transfer& transfer, bool answered, const AttemptPlan& attempt,
                         const std::string& peer) {
  cause = transfer.cause();
  if (transfer.made_progress()) patience.on_progress();
  if (cause == Cause::kSilent && !transfer.made_progress()) patience.on_nothing();
  if (transfer.stuck_from_the_start()) sockets.use_small_packets();
  const bool direct = attempt.proxy.empty() || attempt.proxy == "direct";
  if (answered && direct && !transfer.address().empty()) addresses[peer] = transfer.address();
  const bool no_way = cause == Cause::kProxy || cause == Cause::kRefused || cause == Cause::kUnreachable ||
                      cause == Cause::kName;
  if (no_way && options.proxy_for) ++ways[peer].turn;  // the script's next choice
}

Result<ClientResponse> Client::Impl::drive(const ClientRequest& request, const AttemptPlan& attempt,
                                           const std::string& peer) {
  SHILU_TRY(auto transfer, Transfer::prepare(request, options, attempt, sockets));
  auto response = run(*transfer);
  learn(*transfer, response.has_value(), attempt, peer);
  return response;
}

Result<ClientResponse> Client::perform(const ClientRequest& request) {
  impl_->cause = Cause::kOther;
  SHILU_TRY(const std::string peer, authority_of(request.url));
  auto planned = impl_->plan(request, peer);
  if (!planned) {
    impl_->cause = Cause::kProxy;
    return fail(planned.error());
  }
  auto response = impl_->drive(request, *planned, peer);
  // The address that answered last is most likely still right; TLS checks the name as ever.
  const auto known = impl_->addresses.find(peer);
  if (response || impl_->cause != Cause::kName || known == impl_->addresses.end()) return response;
  planned->address = resolve_entry(peer, known->second);
  return impl_->drive(request, *planned, peer);
}

}  // namespace shilu::http
