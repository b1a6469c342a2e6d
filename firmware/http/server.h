#pragma once
// HTTP/1.1 server (RFC 9110, 9112) with byte ranges, server-sent events, WebSocket and streamed uploads.
// One Asio loop reads heads and moves bodies; handlers run on a small pool of threads, so a handler may block
// on disk but must not wait for the network or for people. Beast parses heads only: bodies go through plain
// buffers.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "firmware/http/request.h"
#include "firmware/http/response.h"

namespace shilu::http {

using Handler = std::function<Response(const Request&)>;

// Takes a body while it arrives (tus PATCH, document upload). Made by the route's opener after the head was
// read.
class BodySink {
 public:
  virtual ~BodySink() = default;
  // The next bytes, in blocks of up to 256 KiB, on a pool thread; the next read waits for the return. An
  // error ends the request: the answer is refused(error), the connection closes.
  virtual Status write(ByteView bytes) = 0;
  virtual Response refused(const Error& error) { return problem(error); }
  // All Content-Length bytes (or the last chunk) have come.
  virtual Response finish() = 0;
  // The peer went away, stalled for longer than the server's body timeout, or stop() was called; what was
  // written stays written. Called instead of finish(), exactly once.
  virtual void aborted() = 0;
};
// Either a sink for the body or a final answer (sent before the body is read; then the connection closes).
using UploadOpener = std::function<std::variant<std::unique_ptr<BodySink>, Response>(const Request&)>;

// A WebSocket peer (RFC 6455). send() is thread-safe and never blocks; more than 8 MiB queued closes the
// peer.
class WebSocket {
 public:
  virtual ~WebSocket() = default;
  virtual bool send_binary(std::shared_ptr<const Bytes> message) = 0;  // false: gone
  virtual bool send_text(std::string message) = 0;
  virtual std::size_t queued_bytes() const = 0;
  virtual void close() = 0;
};
struct WebSocketHandlers {
  std::function<std::optional<Response>(const Request&)> admit;  // an answer: it is sent, and no upgrade made
  std::function<void(const Request&, std::shared_ptr<WebSocket>)> on_open;
  std::function<void(std::shared_ptr<WebSocket>, std::string_view text)> on_text;
  std::function<void(std::shared_ptr<WebSocket>)> on_close;
};

struct ServerOptions {
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;  // 0: any free one
  unsigned handler_threads = 4;
  unsigned max_connections = 1024;
  unsigned max_connections_of_peer = 1024;  // of one address; behind a proxy all have the proxy's
  std::uint64_t max_buffered_body = 1u << 20;
  int head_timeout_s = 15;
  int body_timeout_s = 30;         // between two reads
  int whole_body_timeout_s = 120;  // of a buffered body; an upload may take as long as it gets on
  int idle_timeout_s = 75;         // keep-alive
  int event_keep_alive_s = 15;     // a comment on an event stream that has been silent for so long
  // Added to every answer (Content-Security-Policy and the like).
  std::vector<std::pair<std::string, std::string>> common_headers;
};

// Routes are added before start(). Patterns: "/api/lessons/{lesson}/marks"; "{rest...}" at the end takes the
// remaining path. HEAD is answered by the GET route unless a HEAD route exists; OPTIONS by `route("OPTIONS",
// ...)` only. Known path, other method: 405 with Allow. X-HTTP-Method-Override is honoured on POST for PATCH
// and DELETE (tus).
class Server {
 public:
  explicit Server(ServerOptions options);
  ~Server();  // stop()

  void route(std::string method, std::string pattern, Handler handler);
  void upload(std::string method, std::string pattern, UploadOpener opener);
  void websocket(std::string pattern, WebSocketHandlers handlers);
  // Files of a directory under a prefix; unknown paths without a dot get `index.html` (a single-page app).
  // Hashed asset names ("assets/") are served immutable, the rest no-cache. Precompressed .gz beside a file
  // is used if accepted.
  void serve_directory(std::string prefix, std::string directory);

  // Binds and begins. kFailedPrecondition names the port that is in use.
  Status start();
  std::uint16_t port() const;  // after start()
  void stop();                 // ends connections, waits for handlers; idempotent

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace shilu::http
