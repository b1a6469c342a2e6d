#include "firmware/http/server.h"

#include <thread>

#include "firmware/http/connection.h"
#include "firmware/http/static_files.h"

namespace shilu::http {
namespace {

constexpr auto kTick = std::chrono::milliseconds(250);
constexpr std::size_t kRefusedAtOnce = 64;  // connections over the limit that still get their 503

Status bind_error(const error_code& error, const ServerOptions& options) {
  auto where = "port " + std::to_string(options.port) + " on " + options.address;
  if (error == asio::error::address_in_use)
    return fail(ErrorKind::kFailedPrecondition, where + " is in use by another program");
  if (error == asio::error::access_denied)
    return fail(ErrorKind::kPermissionDenied, where + " may not be opened by this user");
  return fail(ErrorKind::kFailedPrecondition, where + " cannot be opened: " + error.message());
}

}  // namespace

struct Server::Impl {
  explicit Impl(ServerOptions options)
      : context(std::move(options)), acceptor(context.io), ticker(context.io) {}

  Status listen();
  Awaitable<void> accept_all();
  Awaitable<void> tick();
  void take(Tcp::socket socket);

  ServerContext context;
  Tcp::acceptor acceptor;
  asio::steady_timer ticker;
  std::thread loop;
  std::uint16_t bound_port = 0;
};

Status Server::Impl::listen() {
  const auto& options = context.options;
  error_code error;
  auto address = asio::ip::make_address(options.address, error);
  if (error) return fail(ErrorKind::kInvalidArgument, options.address + " is not an IP address");
  Tcp::endpoint endpoint(address, options.port);
  acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.set_option(Tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
  if (!error) bound_port = acceptor.local_endpoint(error).port();
  if (!error) return {};
  error_code ignored;
  acceptor.close(ignored);
  return bind_error(error, options);
}

void Server::Impl::take(Tcp::socket socket) {
  const auto& options = context.options;
  std::string address = address_of(socket);
  const auto peer = context.serving_peer.find(address);
  const std::size_t of_peer = peer == context.serving_peer.end() ? 0 : peer->second;
  const bool served = context.serving < options.max_connections && of_peer < options.max_connections_of_peer;
  if (!served && context.wires.size() - context.serving >= kRefusedAtOnce)
    return;  // closed by its destructor
  if (!served) {
    asio::co_spawn(context.io, refuse_connection(context, std::move(socket)), asio::detached);
    return;
  }
  ++context.serving;
  ++context.serving_peer[address];
  asio::co_spawn(context.io, serve_connection(context, std::move(socket), std::move(address)),
                 asio::detached);
}

Awaitable<void> Server::Impl::accept_all() {
  while (!context.stopping) {
    Tcp::socket socket(context.io);
    error_code error;
    co_await acceptor.async_accept(socket, asio::redirect_error(asio::use_awaitable, error));
    if (context.stopping) break;
    if (!error) {
      take(std::move(socket));
      continue;
    }
    // Out of descriptors, most likely: some will come back.
    asio::steady_timer pause(context.io, std::chrono::milliseconds(100));
    co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, error));
  }
}

Awaitable<void> Server::Impl::tick() {
  while (!context.stopping) {
    error_code ignored;
    ticker.expires_after(kTick);
    co_await ticker.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    const auto now = std::chrono::steady_clock::now();
    for (auto* wire : context.wires) wire->tick(now);
  }
}

Server::Server(ServerOptions options) : impl_(std::make_unique<Impl>(std::move(options))) {}

Server::~Server() {
  stop();
}

void Server::route(std::string method, std::string pattern, Handler handler) {
  impl_->context.router.add(std::move(method), pattern, std::move(handler));
}

void Server::upload(std::string method, std::string pattern, UploadOpener opener) {
  impl_->context.router.add(std::move(method), pattern, std::move(opener));
}

void Server::websocket(std::string pattern, WebSocketHandlers handlers) {
  impl_->context.router.add("GET", pattern, std::move(handlers));
}

void Server::serve_directory(std::string prefix, std::string directory) {
  while (!prefix.empty() && prefix.back() == '/') prefix.pop_back();
  route("GET", prefix + "/{rest...}", directory_handler(std::move(directory)));
  if (prefix.empty()) return;
  route("GET", prefix,
        [location = prefix + "/"](const Request&) {  // the page's relative links need the slash
          return text(308, "").with_header("Location", location);
        });
}

Status Server::start() {
  SHILU_CHECK(impl_->listen());
  asio::co_spawn(impl_->context.io, impl_->accept_all(), asio::detached);
  asio::co_spawn(impl_->context.io, impl_->tick(), asio::detached);
  impl_->loop = std::thread([impl = impl_.get()] { impl->context.io.run(); });
  return {};
}

std::uint16_t Server::port() const {
  return impl_->bound_port;
}

void Server::stop() {
  if (!impl_->loop.joinable()) return;
  asio::post(impl_->context.io, [impl = impl_.get()] {
    impl->context.stopping = true;
    error_code ignored;
    impl->acceptor.close(ignored);
    impl->ticker.cancel();
    for (auto* wire : impl->context.wires) wire->stop();
  });
  impl_->loop.join();  // the loop runs dry when the last connection has ended
  impl_->context.pool.join();
}

}  // namespace shilu::http
