// firmware/http: head, raw_head, target, byte_range, body_decoder. The first byte says in how large pieces
// the body arrives.

#include "firmware/http/body_decoder.h"
#include "firmware/http/byte_range.h"
#include "firmware/http/head.h"
#include "firmware/http/target.h"
#include "tests/fuzz/fuzz.h"

using namespace shilu;
using namespace shilu::http;

namespace {

// The payload, or nothing where the body is malformed or not whole.
std::optional<Bytes> decode(const Head& head, ByteView body, std::size_t piece) {
  BodyDecoder decoder(head);
  Bytes payload;
  std::size_t from = 0;
  std::size_t have = 0;
  while (!decoder.done()) {
    if (have == body.size()) return std::nullopt;
    have = std::min(body.size(), have + piece);
    while (true) {
      const auto step = decoder.step(body.subspan(from, have - from));
      if (!step) return std::nullopt;
      fuzz::promise(step->consumed <= have - from, "no more is taken than was given");
      fuzz::promise(step->payload.size() <= step->consumed, "payload is of what was taken");
      put_bytes(payload, step->payload);
      from += step->consumed;
      if (step->consumed == 0 || decoder.done()) break;
    }
  }
  return payload;
}

void select(const Head& head) {
  Request request;
  request.method = head.method;
  request.headers = head.headers;
  for (const std::uint64_t size : {std::uint64_t{0}, std::uint64_t{1000}, ~std::uint64_t{0}}) {
    const auto selected = select_bytes(request, size, "\"etag\"");
    if (selected.selection != Selection::kRange) continue;
    const auto& range = selected.range;
    fuzz::promise(range.size > 0 && range.first < size && range.size <= size - range.first,
                  "a range is inside");
  }
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  const std::size_t piece = input.u8() + 1u;
  const ByteView bytes = input.rest();
  std::size_t scanned = 0;
  const auto end = find_head_end(as_text(bytes), scanned);
  const auto* head_size = std::get_if<std::size_t>(&end);
  if (head_size == nullptr || *head_size == 0) return 0;
  fuzz::promise(*head_size <= bytes.size(), "a head ends inside the bytes");
  const auto parsed = parse_head(as_text(bytes.first(*head_size)));
  const auto* head = std::get_if<Head>(&parsed);
  if (head == nullptr) return 0;
  if (const auto target = parse_target(head->target))
    fuzz::promise(target->path.find("/../") == std::string::npos, "a path does not climb");
  select(*head);
  const ByteView body = bytes.subspan(*head_size);
  fuzz::promise(decode(*head, body, piece) == decode(*head, body, body.size() + 1),
                "how a body arrives changes nothing");
  return 0;
}
