#pragma once
// What a handler answers. The body is text, or bytes that stand partly in memory and partly in files (a
// virtual MP4), sent by range without copying through the program where the line is plain.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "firmware/base/json.h"
#include "firmware/base/result.h"
#include "firmware/base/unique_fd.h"

namespace shilu::http {

// A piece of a composed body: memory, or `size` bytes of an open file from `offset`.
struct BodyPiece {
  std::shared_ptr<const std::string> memory;  // set, or `file` is
  std::shared_ptr<const UniqueFd> file;
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
};

// A body of known length made of pieces, served with byte ranges (RFC 9110 section 14: one range; several or
// none satisfiable -> whole or 416) and If-Range / If-None-Match against `etag`.
struct ComposedBody {
  std::vector<BodyPiece> pieces;
  std::string etag;  // with its quotes; empty: none
};

// A live text/event-stream. The handler returns at once; the subscription is kept until the peer leaves or
// close() is called by whoever holds the sink. send() is thread-safe, never blocks (a peer that is more than
// 256 KiB behind is closed; it reconnects with Last-Event-ID).
class EventSink {
 public:
  virtual ~EventSink() = default;
  virtual bool send(std::string_view event, std::string_view data,
                    std::string_view id = {}) = 0;  // false: gone
  virtual bool closed() const = 0;                  // by either side
  virtual void close() = 0;
};
struct EventStream {
  std::function<void(std::shared_ptr<EventSink>)> on_open;
};

struct Response {
  int status = 200;
  std::vector<std::pair<std::string, std::string>> headers;  // beside Content-Length, Date, Content-Type
  std::string content_type = "application/octet-stream";
  std::variant<std::string, ComposedBody, EventStream> body;

  Response&& with_header(std::string name, std::string value) &&;
};

Response text(int status, std::string body);
Response json(int status, const Json& body);
Response no_content();
// RFC 9457 problem details: {"type":"about:blank","title":...,"status":...,"code":...,"detail":...}. The
// status follows from the kind (NotFound 404, InvalidArgument 400, PermissionDenied 403, StorageFull 507,
// ...); `code` is stable and what pages translate.
Response problem(const Error& error);
Response problem(int status, std::string_view code, std::string_view detail);
// A whole file with the type of its extension and an ETag of size and time.
Result<Response> file(const std::string& path);

}  // namespace shilu::http
