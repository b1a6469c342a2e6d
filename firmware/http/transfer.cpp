#include "firmware/http/transfer.h"

#include <algorithm>

#include "firmware/http/curl_error.h"
#include "firmware/http/text_tools.h"
#include "firmware/http/url.h"

namespace shilu::http {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kMaxResponseBody = 16u << 20;
constexpr auto kProgressEvery = std::chrono::milliseconds(250);
// Beyond TCP_USER_TIMEOUT, for what the kernel does not see (a peer that acknowledges but never makes room).
constexpr auto kStallGrace = std::chrono::seconds(5);
constexpr auto kTurn = std::chrono::milliseconds(100);
constexpr auto kHeldBackTurn = std::chrono::milliseconds(10);

bool is_sendable(std::string_view name, std::string_view value) {
  return is_token(name) && value.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos;
}

Status check_request(const ClientRequest& request) {
  if (!is_token(request.method))
    return fail(ErrorKind::kInvalidArgument, "\"" + request.method + "\" is not a method");
  for (auto& [name, value] : request.headers) {
    if (!is_sendable(name, value))
      return fail(ErrorKind::kInvalidArgument, "the field " + name + " cannot be sent");
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<Transfer>> Transfer::prepare(const ClientRequest& request,
                                                    const ClientOptions& options, const AttemptPlan& plan,
                                                    SocketTable& sockets) {
  SHILU_CHECK(check_request(request));
  SHILU_TRY(auto peer, authority_of(request.url));
  std::unique_ptr<Transfer> transfer(new Transfer(request, options, plan, sockets, std::move(peer)));
  if (!transfer->easy_) return fail(ErrorKind::kInternal, "libcurl gave no handle");
  transfer->set_common(options);
  transfer->set_trust(options);
  transfer->set_way(options, plan);
  transfer->set_method();
  transfer->set_fields();
  transfer->set_callbacks();
  return transfer;
}

Transfer::Transfer(const ClientRequest& request, const ClientOptions& options, const AttemptPlan& plan,
                   SocketTable& sockets, std::string peer)
    : request_(request),
      options_(options),
      sockets_(sockets),
      peer_(std::move(peer)),
      easy_(curl_easy_init()),
      watch_({options.dead_peer_timeout + kStallGrace, request.answer_timeout, body_size(), plan.silence}),
      begun_(Clock::now()),
      opener_(sockets.next_request()),
      name_timeout_(time_for(plan.names, options.name_timeout)) {}

void Transfer::set_common(const ClientOptions& options) {
  CURL* easy = easy_.get();
  curl_easy_setopt(easy, CURLOPT_URL, request_.url.c_str());
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_USERAGENT, options.user_agent.c_str());
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(options.handshake_timeout.count()));
  curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);    // a name server that is away does not hold up the end
  curl_easy_setopt(easy, CURLOPT_MAXAGE_CONN, 30L);  // older ones are often dead behind a NAT
  curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, detail_);
}

void Transfer::set_way(const ClientOptions& options, const AttemptPlan& plan) {
  CURL* easy = easy_.get();
  if (plan.names == NameWay::kIpv4)
    curl_easy_setopt(easy, CURLOPT_IPRESOLVE, static_cast<long>(CURL_IPRESOLVE_V4));
  if (!plan.address.empty()) {
    addresses_.add(plan.address);
    curl_easy_setopt(easy, CURLOPT_RESOLVE, addresses_.get());
  }
  if (plan.proxy.empty()) return;
  curl_easy_setopt(easy, CURLOPT_PROXY, plan.proxy == "direct" ? "" : plan.proxy.c_str());
  if (options.proxy_user.empty()) return;
  curl_easy_setopt(easy, CURLOPT_PROXYUSERNAME, options.proxy_user.c_str());
  curl_easy_setopt(easy, CURLOPT_PROXYPASSWORD, options.proxy_password.c_str());
  // Through a tunnel the sign-in comes before the body. Without one a refusal would come in the middle of it,
  // so the name goes along at once.
  const bool tunnel = request_.url.starts_with("https://");
  curl_easy_setopt(easy, CURLOPT_PROXYAUTH, static_cast<long>(tunnel ? CURLAUTH_ANY : CURLAUTH_BASIC));
}

void Transfer::set_trust(const ClientOptions& options) {
  curl_easy_setopt(easy_.get(), CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  if (!options.ca_file.empty()) curl_easy_setopt(easy_.get(), CURLOPT_CAINFO, options.ca_file.c_str());
  if (!options.pinned_keys.empty())
    curl_easy_setopt(easy_.get(), CURLOPT_PINNEDPUBLICKEY, options.pinned_keys.c_str());
  if (options.client_certificate.empty()) return;
  curl_easy_setopt(easy_.get(), CURLOPT_SSLCERT, options.client_certificate.c_str());
  curl_easy_setopt(easy_.get(), CURLOPT_SSLKEY, options.client_key.c_str());
}

void Transfer::set_method() {
  CURL* easy = easy_.get();
  const auto& method = request_.method;
  if (is_upload()) {
    curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(easy, CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(request_.source_size));
    curl_easy_setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE, 512L * 1024);
  } else if (!request_.body.empty() || method == "POST" || method == "PUT" || method == "PATCH") {
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request_.body.size()));
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request_.body.c_str());
  } else if (method == "HEAD") {
    curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
    return;
  }
  if (method != "GET" || is_upload() || !request_.body.empty())
    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, method.c_str());
}

bool Transfer::has_field(std::string_view name) const {
  for (auto& field : request_.headers) {
    if (equal_ignoring_case(field.first, name)) return true;
  }
  return false;
}

void Transfer::set_fields() {
  for (auto& [name, value] : request_.headers) fields_.add(value.empty() ? name + ";" : name + ": " + value);
  if (!has_field("Content-Type")) fields_.add("Content-Type:");  // libcurl would call any body a form
  // libcurl asks by itself above 1 MiB, which costs a second at servers that ignore the question.
  if (!has_field("Expect"))
    fields_.add(request_.expect_continue && body_size() > 0 ? "Expect: 100-continue" : "Expect:");
  curl_easy_setopt(easy_.get(), CURLOPT_HTTPHEADER, fields_.get());
}

void Transfer::set_callbacks() {
  CURL* easy = easy_.get();
  sockets_.attach(easy, opener_);
  curl_easy_setopt(easy, CURLOPT_READFUNCTION, &Transfer::on_read);
  curl_easy_setopt(easy, CURLOPT_READDATA, this);
  curl_easy_setopt(easy, CURLOPT_SEEKFUNCTION, &Transfer::on_seek);
  curl_easy_setopt(easy, CURLOPT_SEEKDATA, this);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &Transfer::on_write);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, this);
  curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, &Transfer::on_header);
  curl_easy_setopt(easy, CURLOPT_HEADERDATA, this);
  curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, &Transfer::on_request);
  curl_easy_setopt(easy, CURLOPT_PREREQDATA, this);
}

std::size_t Transfer::on_read(char* buffer, std::size_t size, std::size_t count, void* self) {
  auto& transfer = *static_cast<Transfer*>(self);
  if (!transfer.is_upload()) return 0;
  const std::uint64_t left = transfer.request_.source_size - transfer.source_read_;
  auto room = static_cast<std::size_t>(std::min<std::uint64_t>(size * count, left));
  if (transfer.request_.allowance && room > 0) {
    room = std::min(room, transfer.request_.allowance(room));
    transfer.held_back_ = room == 0;
    if (transfer.held_back_) return CURL_READFUNC_PAUSE;
  }
  auto got = transfer.read_source({reinterpret_cast<std::uint8_t*>(buffer), room});
  transfer.watch_.on_source_read(Clock::now());
  if (got) return *got;
  transfer.own_error_ = got.error();
  return CURL_READFUNC_ABORT;
}

Result<std::size_t> Transfer::read_source(std::span<std::uint8_t> buffer) {
  const auto left = request_.source_size - source_read_;
  const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(left, buffer.size()));
  if (wanted == 0) return std::size_t{0};
  SHILU_TRY(const auto got, request_.source(source_read_, buffer.first(wanted)));
  if (got > wanted) return fail(ErrorKind::kInternal, "the body's source gave more than was asked for");
  if (got == 0) return fail(ErrorKind::kInternal, "the body's source ended before its size");
  source_read_ += got;
  return got;
}

// libcurl rewinds when it sends a request again: to a proxy that wants a sign-in, or on a new connection.
int Transfer::on_seek(void* self, curl_off_t offset, int origin) {
  if (offset != 0 || origin != SEEK_SET) return CURL_SEEKFUNC_FAIL;
  auto& transfer = *static_cast<Transfer*>(self);
  transfer.source_read_ = 0;
  transfer.watch_.on_rewound();
  return CURL_SEEKFUNC_OK;
}

std::size_t Transfer::on_write(char* bytes, std::size_t size, std::size_t count, void* self) {
  auto& transfer = *static_cast<Transfer*>(self);
  auto& body = transfer.response_.body;
  if (body.size() + size * count > kMaxResponseBody) {
    transfer.own_error_ =
        Error{ErrorKind::kCorrupted, "the answer of " + transfer.peer_ + " is larger than 16 MiB"};
    return 0;
  }
  body.append(bytes, size * count);
  return size * count;
}

std::size_t Transfer::on_header(char* bytes, std::size_t size, std::size_t count, void* self) {
  static_cast<Transfer*>(self)->take_header_line({bytes, size * count});
  return size * count;
}

void Transfer::take_header_line(std::string_view line) {
  while (!line.empty() && (line.back() == '\n' || line.back() == '\r')) line.remove_suffix(1);
  if (line.substr(0, 5) == "HTTP/") {  // of this answer, or of an interim one before it
    response_.headers.clear();
    auto code = line.substr(std::min(line.find(' '), line.size()));
    response_.status = static_cast<int>(decimal(trimmed(code).substr(0, 3)).value_or(0));
  } else if (line.empty()) {
    if (response_.status >= 200) watch_.on_head(Clock::now());
  } else if (auto colon = line.find(':'); colon != std::string_view::npos) {
    response_.headers[lower_case(trimmed(line.substr(0, colon)))] =
        std::string(trimmed(line.substr(colon + 1)));
  }
}

int Transfer::on_request(void* self, char*, char*, int, int local_port) {
  auto& transfer = *static_cast<Transfer*>(self);
  transfer.fd_ = transfer.sockets_.by_local_port(local_port);
  transfer.request_out_ = true;
  transfer.watch_.on_started(Clock::now());
  return CURL_PREREQFUNC_OK;
}

void Transfer::sample() {
  curl_off_t handed_over = 0;
  curl_easy_getinfo(easy_.get(), CURLINFO_SIZE_UPLOAD_T, &handed_over);
  auto sent = static_cast<std::uint64_t>(std::max<curl_off_t>(handed_over, 0));
  auto waiting = SocketTable::unacknowledged(fd_);
  watch_.on_sample(Clock::now(), sent > waiting ? sent - waiting : 0, response_.body.size());
  sample_line();
}

void Transfer::sample_line() {
  const auto line = request_out_ ? SocketTable::line(fd_) : std::nullopt;
  if (!line) return;
  const auto now = Clock::now();
  watch_.on_line(now, {SocketTable::unacknowledged(fd_) > 0, line->heard, line->rto});
  if (request_.on_line) request_.on_line({now, line->round_trip, watch_.acked()});
}

std::optional<Error> Transfer::tell_progress() {
  auto now = Clock::now();
  if (!request_.on_progress || now < next_progress_) return std::nullopt;
  next_progress_ = now + kProgressEvery;
  if (request_.on_progress(watch_.acked())) return std::nullopt;
  return Error{ErrorKind::kCancelled, "the exchange with " + peer_ + " was cancelled"};
}

Error Transfer::sentence(TransferWatch::Verdict verdict) const {
  if (verdict == TransferWatch::Verdict::kStalled)
    return {ErrorKind::kTimedOut, peer_ + " stopped taking data"};
  if (verdict == TransferWatch::Verdict::kSilent)
    return {ErrorKind::kTimedOut, peer_ + " stopped acknowledging what was sent"};
  if (verdict == TransferWatch::Verdict::kTrickle)
    return {ErrorKind::kTimedOut, "the answer of " + peer_ + " does not get on"};
  return {ErrorKind::kTimedOut,
          peer_ + " gave no answer within " + std::to_string(request_.answer_timeout.count()) + " ms"};
}

// libcurl has one timer for name, connection and TLS; a dead line should be seen before a slow handshake is
// given up.
std::optional<Error> Transfer::check_beginning() {
  if (request_out_) return std::nullopt;
  const auto now = Clock::now();
  if (!dialled_ && opener_.any) dialled_ = now;
  if (!dialled_ && now - begun_ > name_timeout_) {
    cause_ = Cause::kName;
    name_is_late_ = true;
    return Error{ErrorKind::kUnavailable, "no name server tells the address of " + peer_};
  }
  if (!dialled_ || now - *dialled_ < options_.connect_timeout) return std::nullopt;
  if (sockets_.any_connected(opener_)) return std::nullopt;
  cause_ = Cause::kUnreachable;
  return Error{ErrorKind::kTimedOut, peer_ + " could not be reached in time"};
}

std::optional<Error> Transfer::check() {
  if (auto error = check_beginning()) return error;
  sample();
  if (held_back_) ask_again();
  auto verdict = watch_.verdict(Clock::now());
  if (verdict != TransferWatch::Verdict::kGoOn) {
    cause_ = verdict == TransferWatch::Verdict::kNoAnswer || verdict == TransferWatch::Verdict::kTrickle
                 ? Cause::kNoAnswer
                 : Cause::kSilent;
    return sentence(verdict);
  }
  auto cancelled = tell_progress();
  if (cancelled) cause_ = Cause::kCancelled;
  return cancelled;
}

// libcurl answers each of these with a turn at once, so they are counted out.
void Transfer::ask_again() {
  const auto now = Clock::now();
  watch_.on_held_back(now);
  if (now < next_asking_) return;
  next_asking_ = now + kHeldBackTurn;
  curl_easy_pause(easy_.get(), CURLPAUSE_CONT);  // on_read asks
}

std::chrono::milliseconds Transfer::next_turn() const {
  return held_back_ ? kHeldBackTurn : kTurn;
}

bool Transfer::stuck_from_the_start() const {
  if (response_.status != 0 || watch_.acked() > 0) return false;
  if (request_out_) return cause_ == Cause::kSilent && body_size() > 0;
  return cause_ == Cause::kUnreachable && sockets_.any_connected(opener_);
}

bool Transfer::kept_connection_was_dead() const {
  long made = 0;
  curl_easy_getinfo(easy_.get(), CURLINFO_NUM_CONNECTS, &made);
  return cause_ == Cause::kCut && request_out_ && made == 0 && !made_progress();
}

std::string Transfer::address() const {
  char* address = nullptr;
  curl_easy_getinfo(easy_.get(), CURLINFO_PRIMARY_IP, &address);
  return address == nullptr ? "" : address;
}

Result<ClientResponse> Transfer::finish(CURLcode code) {
  if (own_error_) {
    cause_ = Cause::kOther;
    return fail(*own_error_);
  }
  if (code != CURLE_OK) {
    CurlFailure failure{code, 0, 0, detail_};
    curl_easy_getinfo(easy_.get(), CURLINFO_OS_ERRNO, &failure.os_error);
    curl_easy_getinfo(easy_.get(), CURLINFO_HTTP_CONNECTCODE, &failure.proxy_status);
    cause_ = cause_of(failure);
    return fail(error_of(failure, peer_));
  }
  sample();
  if (request_.on_progress) (void)request_.on_progress(watch_.acked());
  return std::move(response_);
}

}  // namespace shilu::http
