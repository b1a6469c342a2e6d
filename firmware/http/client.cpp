#include "firmware/http/client.h"

#include <mutex>

#include "firmware/http/curl_error.h"
#include "firmware/http/transfer.h"

namespace shilu::http {
namespace {

constexpr int kPollMs = 100;

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

}  // namespace

std::string_view ClientResponse::header(std::string_view lower_case_name) const {
  auto found = headers.find(std::string(lower_case_name));
  return found == headers.end() ? std::string_view() : std::string_view(found->second);
}

struct Client::Impl {
  explicit Impl(ClientOptions with)
      : options(std::move(with)), sockets(options.dead_peer_timeout), multi(make_multi()) {}

  ClientOptions options;
  SocketTable sockets;  // must outlive the connections that multi keeps
  MultiHandle multi;
};

Client::Client(ClientOptions options) : impl_(std::make_unique<Impl>(std::move(options))) {}
Client::~Client() = default;
Client::Client(Client&&) noexcept = default;
Client& Client::operator=(Client&&) noexcept = default;

Result<ClientResponse> Client::perform(const ClientRequest& request) {
  CURLM* multi = impl_->multi.get();
  SHILU_TRY(auto transfer, Transfer::prepare(request, impl_->options, impl_->sockets));
  Attached attached(multi, transfer->easy());
  for (;;) {
    int running = 0;
    if (curl_multi_perform(multi, &running) != CURLM_OK)
      return fail(ErrorKind::kInternal, "libcurl cannot go on");
    if (auto code = ended(multi)) return transfer->finish(*code);
    if (auto error = transfer->check()) return fail(std::move(*error));
    curl_multi_poll(multi, nullptr, 0, kPollMs, nullptr);
  }
}

}  // namespace shilu::http
