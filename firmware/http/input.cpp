#include "firmware/http/input.h"

#include <algorithm>

#include "firmware/http/body_decoder.h"

namespace shilu::http {
namespace {

constexpr std::size_t kHeadRead = 8 * 1024;
constexpr std::size_t kBodyRead = 64 * 1024;

enum class Filled { kSome, kTimedOut, kGone };

// Appends what one read gives.
Awaitable<Filled> fill(Wire& wire, std::string& input, std::size_t most, SteadyTime until) {
  for (;;) {
    const std::size_t before = input.size();
    input.resize(before + most);
    auto got = receive_some(wire.fd(), input.data() + before, most);
    input.resize(before + got.count);
    if (got.state == Received::kBytes) co_return Filled::kSome;
    if (got.state != Received::kNothingYet) co_return Filled::kGone;
    auto woken = co_await wire.readable(until);
    if (woken == Woken::kTimedOut) co_return Filled::kTimedOut;
    if (woken == Woken::kEnded) co_return Filled::kGone;
  }
}

// RFC 9112 section 2.2: an empty line before the request is read over. False: nothing else has come yet.
bool drop_empty_lines(std::string& input) {
  std::size_t size = 0;
  while (input.compare(size, 2, "\r\n") == 0) size += 2;
  input.erase(0, size);
  return !input.empty() && input != "\r";
}

std::variant<Head, HeadError> take_head(std::string& input, std::size_t size) {
  auto parsed = parse_head(std::string_view(input).substr(0, size));
  if (auto* head = std::get_if<Head>(&parsed); head && head->wants_websocket)
    head->raw = input.substr(0, size);
  input.erase(0, size);
  return parsed;
}

// Moves what is payload from `input` to `body`. False: it grew past the limit.
Result<bool> take_payload(BodyDecoder& decoder, std::string& input, std::string& body, std::uint64_t limit) {
  std::size_t used = 0;
  while (!decoder.done()) {
    SHILU_TRY(auto step, decoder.step(as_bytes(std::string_view(input).substr(used))));
    if (step.consumed == 0) break;
    used += step.consumed;
    if (body.size() + step.payload.size() > limit) return false;
    body += as_text(step.payload);
  }
  input.erase(0, used);
  return true;
}

HeadError too_large(std::uint64_t limit) {
  return {413, "the body may have " + std::to_string(limit) + " bytes at most"};
}

}  // namespace

Awaitable<std::variant<Head, HeadError, Gone>> read_head(Wire& wire, std::string& input,
                                                         SteadyTime idle_until) {
  while (!drop_empty_lines(input)) {
    if (co_await fill(wire, input, kHeadRead, idle_until) != Filled::kSome) co_return Gone{};
  }
  const auto until = seconds_from_now(wire.context().options.head_timeout_s);
  for (std::size_t scanned = 0;;) {
    auto end = find_head_end(input, scanned);
    if (auto* error = std::get_if<HeadError>(&end)) co_return std::move(*error);
    if (auto size = std::get<std::size_t>(end); size > 0) {
      auto parsed = take_head(input, size);
      if (auto* error = std::get_if<HeadError>(&parsed)) co_return std::move(*error);
      co_return std::move(std::get<Head>(parsed));
    }
    auto filled = co_await fill(wire, input, kHeadRead, until);
    if (filled == Filled::kGone) co_return Gone{};
    if (filled == Filled::kTimedOut) co_return HeadError{408, "the head of the request did not come in time"};
  }
}

Awaitable<std::variant<std::string, HeadError, Gone>> read_body(Wire& wire, std::string& input,
                                                                const Head& head, std::uint64_t limit) {
  if (head.content_length > limit) co_return too_large(limit);
  BodyDecoder decoder(head);
  std::string body;
  const auto& options = wire.context().options;
  const auto whole_until = seconds_from_now(options.whole_body_timeout_s);
  for (;;) {
    auto taken = take_payload(decoder, input, body, limit);
    if (!taken) co_return HeadError{400, taken.error().message};
    if (!*taken) co_return too_large(limit);
    if (decoder.done()) co_return std::move(body);
    auto most = static_cast<std::size_t>(std::min<std::uint64_t>(decoder.may_read(), kBodyRead));
    const auto until = std::min(whole_until, seconds_from_now(options.body_timeout_s));
    auto filled = co_await fill(wire, input, most, until);
    if (filled == Filled::kGone) co_return Gone{};
    if (filled == Filled::kTimedOut) co_return HeadError{408, "the body of the request did not come in time"};
  }
}

}  // namespace shilu::http
