#include "firmware/http/client.h"

#include <algorithm>
#include <atomic>
#include <list>
#include <mutex>

#include "firmware/http/curl_error.h"
#include "firmware/http/patience.h"
#include "firmware/http/proxy_list.h"
#include "firmware/http/transfer.h"
#include "firmware/http/url.h"

namespace shilu::http {
namespace {

using Clock = std::chrono::steady_clock;

constexpr long kKeptConnections = 8;
constexpr auto kForever = std::chrono::hours(24);

void start_libcurl() {
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
}

MultiHandle make_multi() {
  start_libcurl();
  MultiHandle multi(curl_multi_init());
  curl_multi_setopt(multi.get(), CURLMOPT_MAXCONNECTS, kKeptConnections);
  return multi;
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
  Clock::time_point asked;
};
constexpr auto kWaysLast =
    std::chrono::minutes(10);  // then the script is asked again: the machine may have moved

}  // namespace

std::string_view ClientResponse::header(std::string_view lower_case_name) const {
  auto found = headers.find(std::string(lower_case_name));
  return found == headers.end() ? std::string_view() : std::string_view(found->second);
}

// One request on its way.
struct Flight {
  Client::Ticket ticket = 0;
  std::unique_ptr<const ClientRequest> owned;  // null: the caller keeps it
  const ClientRequest* request = nullptr;
  std::string peer;
  AttemptPlan plan;
  std::unique_ptr<Transfer> transfer;
  std::unique_ptr<Attached> attached;  // leaves libcurl before the transfer goes
};

struct Client::Impl {
  explicit Impl(ClientOptions with)
      : options(std::move(with)),
        sockets(options.dead_peer_timeout),
        multi(make_multi()),
        patience(options.silence, options.dead_peer_timeout),
        addresses(options.known_addresses) {}

  NameWay names_for(const std::string& peer) const;
  Result<AttemptPlan> plan(const ClientRequest& request, const std::string& peer);
  Result<Ticket> begin(Flight flight);
  Status start(Flight& flight);
  std::optional<Ended> turn(std::chrono::milliseconds at_most);
  std::optional<Ended> ended_by_libcurl();
  std::optional<Ended> ended_by_checks();
  std::optional<Ended> conclude(Flight& flight, Result<ClientResponse> response);
  bool ask_another_way(Flight& flight);
  std::chrono::milliseconds next_turn() const;
  void learn(const Flight& flight, bool answered);

  ClientOptions options;
  SocketTable sockets;  // must outlive the connections that multi keeps
  MultiHandle multi;
  std::list<Flight> flights;
  std::atomic<bool> rung = false;
  Ticket last_ticket = 0;
  Patience patience;
  std::map<std::string, std::string> addresses;
  std::map<std::string, Ways> ways;  // by peer
  std::map<std::string, Clock::time_point>
      ipv4_alone;  // peers whose name servers were deaf to both, and when
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

NameWay Client::Impl::names_for(const std::string& peer) const {
  const auto since = ipv4_alone.find(peer);
  const bool lately = since != ipv4_alone.end() && Clock::now() - since->second < kWaysLast;
  return lately ? NameWay::kIpv4 : NameWay::kBoth;
}

Result<AttemptPlan> Client::Impl::plan(const ClientRequest& request, const std::string& peer) {
  AttemptPlan attempt{patience.silence(), options.proxy, names_for(peer), ""};
  if (!options.proxy_for) return attempt;
  Ways& known = ways[peer];
  const auto now = Clock::now();
  if (known.proxies.empty() || now - known.asked > kWaysLast || known.turn >= known.proxies.size()) {
    SHILU_TRY(const std::string answer, options.proxy_for(request.url));
    known = {proxies_of(answer), 0, now};
  }
  attempt.proxy = known.proxies[known.turn];
  return attempt;
}

Result<Client::Ticket> Client::Impl::begin(Flight flight) {
  cause = Cause::kOther;
  SHILU_TRY(flight.peer, authority_of(flight.request->url));
  auto planned = plan(*flight.request, flight.peer);
  if (!planned) {
    cause = Cause::kProxy;
    return fail(planned.error());
  }
  flight.plan = std::move(*planned);
  flight.ticket = ++last_ticket;
  flights.push_back(std::move(flight));
  if (const auto started = start(flights.back()); !started) {
    flights.pop_back();
    return fail(started.error());
  }
  return last_ticket;
}

Status Client::Impl::start(Flight& flight) {
  flight.attached.reset();
  SHILU_TRY(flight.transfer, Transfer::prepare(*flight.request, options, flight.plan, sockets));
  flight.attached = std::make_unique<Attached>(multi.get(), flight.transfer->easy());
  return {};
}

std::optional<Client::Ended> Client::Impl::turn(std::chrono::milliseconds at_most) {
  const auto until = Clock::now() + at_most;
  for (;;) {
    int running = 0;
    if (curl_multi_perform(multi.get(), &running) != CURLM_OK && !flights.empty())
      return conclude(flights.front(), fail(ErrorKind::kInternal, "libcurl cannot go on"));
    if (auto ended = ended_by_libcurl()) return ended;
    if (auto ended = ended_by_checks()) return ended;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now());
    if (rung.exchange(false) || left.count() <= 0) return std::nullopt;
    curl_multi_poll(multi.get(), nullptr, 0, static_cast<int>(std::min(left, next_turn()).count()), nullptr);
  }
}

std::optional<Client::Ended> Client::Impl::ended_by_libcurl() {
  int left = 0;
  while (CURLMsg* message = curl_multi_info_read(multi.get(), &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    const CURL* easy = message->easy_handle;
    const CURLcode code = message->data.result;  // the message goes with its handle
    for (Flight& flight : flights) {
      if (flight.transfer->easy() != easy) continue;
      if (auto ended = conclude(flight, flight.transfer->finish(code))) return ended;
      break;
    }
  }
  return std::nullopt;
}

std::optional<Client::Ended> Client::Impl::ended_by_checks() {
  // Another one is the first each time: what a limit lets through goes to whoever asks first.
  if (flights.size() > 1) flights.splice(flights.end(), flights, flights.begin());
  for (auto at = flights.begin(); at != flights.end();) {
    Flight& flight = *at++;
    auto error = flight.transfer->check();
    if (!error) continue;
    if (auto ended = conclude(flight, fail(std::move(*error)))) return ended;
  }
  return std::nullopt;
}

// Takes the flight away, unless there is another way to try.
std::optional<Client::Ended> Client::Impl::conclude(Flight& flight, Result<ClientResponse> response) {
  learn(flight, response.has_value());
  if (!response && cause == Cause::kName && ask_another_way(flight)) return std::nullopt;
  // libcurl tries again by itself, but not if it learns of it while it sends the body.
  if (!response && flight.transfer->kept_connection_was_dead() && start(flight)) return std::nullopt;
  Ended ended{flight.ticket, std::move(response), cause};
  flights.remove_if([&](const Flight& one) { return one.ticket == ended.ticket; });
  return ended;
}

bool Client::Impl::ask_another_way(Flight& flight) {
  const auto known = addresses.find(flight.peer);
  const auto next = way_after(flight.plan.names, flight.transfer->name_is_late(), known != addresses.end());
  if (!next) return false;
  flight.plan.names = *next;
  // The address that answered last is most likely still right; TLS checks the name as ever.
  if (*next == NameWay::kKnown) flight.plan.address = resolve_entry(flight.peer, known->second);
  return start(flight).has_value();
}

std::chrono::milliseconds Client::Impl::next_turn() const {
  auto next = std::chrono::milliseconds(1000);
  for (const Flight& flight : flights) next = std::min(next, flight.transfer->next_turn());
  return next;
}

void Client::Impl::learn(const Flight& flight, bool answered) {
  const Transfer& transfer = *flight.transfer;
  cause = transfer.cause();
  if (transfer.made_progress()) patience.on_progress();
  if (cause == Cause::kSilent && !transfer.made_progress()) patience.on_nothing();
  if (transfer.stuck_from_the_start()) sockets.use_small_packets();
  const bool direct = flight.plan.proxy.empty() || flight.plan.proxy == "direct";
  if (answered && direct && !transfer.address().empty()) addresses[flight.peer] = transfer.address();
  const bool ipv4_helped = answered && flight.plan.names == NameWay::kIpv4;
  if (ipv4_helped && names_for(flight.peer) == NameWay::kBoth) ipv4_alone[flight.peer] = Clock::now();
  const bool no_way = cause == Cause::kProxy || cause == Cause::kRefused || cause == Cause::kUnreachable ||
                      cause == Cause::kName;
  if (no_way && options.proxy_for) ++ways[flight.peer].turn;  // the script's next choice
}

Result<ClientResponse> Client::perform(const ClientRequest& request) {
  if (!impl_->flights.empty()) return fail(ErrorKind::kFailedPrecondition, "other requests are under way");
  Flight flight;
  flight.request = &request;
  SHILU_TRY(const Ticket ticket, impl_->begin(std::move(flight)));
  for (;;) {
    auto ended = impl_->turn(kForever);
    if (ended && ended->ticket == ticket) return std::move(ended->response);
  }
}

Result<Client::Ticket> Client::begin(ClientRequest request) {
  Flight flight;
  flight.owned = std::make_unique<const ClientRequest>(std::move(request));
  flight.request = flight.owned.get();
  return impl_->begin(std::move(flight));
}

std::optional<Client::Ended> Client::turn(std::chrono::milliseconds at_most) {
  return impl_->turn(at_most);
}

void Client::drop_all() {
  impl_->flights.clear();
}

void Client::ring() {
  impl_->rung = true;
  curl_multi_wakeup(impl_->multi.get());
}

}  // namespace shilu::http
