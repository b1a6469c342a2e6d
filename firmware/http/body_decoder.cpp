#include "firmware/http/body_decoder.h"

#include <algorithm>
#include <limits>

#include "firmware/http/text_tools.h"

namespace shilu::http {
namespace {

constexpr std::size_t kMaxSizeLine = 256;  // 16 digits and chunk extensions, which nobody uses
constexpr std::size_t kMaxTrailer = 8 * 1024;

tl::unexpected<Error> broken(std::string_view what) {
  return fail(ErrorKind::kInvalidArgument, "the chunked body is malformed: " + std::string(what));
}

}  // namespace

BodyDecoder::BodyDecoder(const Head& head) : framing_(head.framing), state_(State::kDone) {
  if (framing_ == Framing::kSized) {
    state_ = State::kPayload;
    left_ = head.content_length;
  } else if (framing_ == Framing::kChunked) {
    state_ = State::kSizeLine;
  }
}

std::uint64_t BodyDecoder::may_read() const {
  if (state_ == State::kDone) return 0;
  return framing_ == Framing::kSized ? left_ : std::numeric_limits<std::uint64_t>::max();
}

Result<BodyDecoder::Step> BodyDecoder::step(ByteView input) {
  if (state_ == State::kDone || input.empty()) return Step{};
  return state_ == State::kPayload ? take_payload(input) : take_line(input);
}

Result<BodyDecoder::Step> BodyDecoder::take_payload(ByteView input) {
  auto count = static_cast<std::size_t>(std::min<std::uint64_t>(left_, input.size()));
  left_ -= count;
  if (left_ == 0) state_ = framing_ == Framing::kSized ? State::kDone : State::kChunkEnd;
  return Step{count, input.first(count)};
}

Result<BodyDecoder::Step> BodyDecoder::take_line(ByteView input) {
  auto text = as_text(input);
  auto feed = text.find('\n');
  std::size_t limit = state_ == State::kTrailer ? kMaxTrailer : kMaxSizeLine;
  if (feed == std::string_view::npos) {
    if (text.size() > limit) return broken("a line is too long");
    return Step{};
  }
  if (feed > limit) return broken("a line is too long");
  if (feed == 0 || text[feed - 1] != '\r') return broken("a line ends without a carriage return");
  SHILU_CHECK(on_line(text.substr(0, feed - 1)));
  return Step{feed + 1, {}};
}

Status BodyDecoder::on_line(std::string_view line) {
  if (state_ == State::kSizeLine) return take_size(line);
  if (state_ == State::kChunkEnd) {
    if (!line.empty()) return broken("a chunk is longer than it said");
    state_ = State::kSizeLine;
    return {};
  }
  trailer_bytes_ += line.size() + 2;  // trailers are read over: nothing of ours uses them
  if (trailer_bytes_ > kMaxTrailer) return broken("the trailer is too long");
  if (line.empty()) state_ = State::kDone;
  return {};
}

Status BodyDecoder::take_size(std::string_view line) {
  auto digits = trimmed(line.substr(0, line.find(';')));
  if (digits.empty() || digits.size() > 16) return broken("a chunk size is not a number");
  std::uint64_t size = 0;
  for (char c : digits) {
    int digit = hex_digit(c);
    if (digit < 0) return broken("a chunk size is not a number");
    size = size << 4 | static_cast<std::uint64_t>(digit);
  }
  left_ = size;
  state_ = size == 0 ? State::kTrailer : State::kPayload;
  return {};
}

}  // namespace shilu::http
