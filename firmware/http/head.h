#pragma once
// The head of a request: read by Beast's parser, then held to the rules that keep two programs from reading
// one message differently (RFC 9112 sections 6.1 to 6.3, 11.2). Thread-safe (no state).

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <variant>

namespace shilu::http {

inline constexpr std::size_t kMaxHead = 16 * 1024;
inline constexpr std::size_t kMaxTarget = 8 * 1024;

enum class Framing { kNone, kSized, kChunked };

struct Head {
  std::string method;
  std::string target;
  int version = 11;  // 10 or 11
  std::map<std::string, std::string>
      headers;  // lower-case names; repeated ones joined as RFC 9110 section 5.3 says
  Framing framing = Framing::kNone;
  std::uint64_t content_length = 0;  // kSized
  bool keep_alive = true;
  bool expect_continue = false;
  bool wants_websocket = false;
  std::string raw;  // the head as it came, if wants_websocket
};

// Why a head is not served: what the problem answer says. The connection closes after it.
struct HeadError {
  int status = 400;
  std::string detail;
};

// Where the head ends: the offset behind its empty line, 0 if it is not there yet. `scanned` keeps the place
// between calls. An error as soon as the bytes cannot become a head (a bare line feed, a TLS hello, more than
// kMaxHead).
std::variant<std::size_t, HeadError> find_head_end(std::string_view bytes, std::size_t& scanned);

// `bytes` is exactly one head, its empty line included.
std::variant<Head, HeadError> parse_head(std::string_view bytes);

}  // namespace shilu::http
