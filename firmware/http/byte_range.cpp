#include "firmware/http/byte_range.h"

#include <algorithm>
#include <limits>
#include <optional>

#include "firmware/http/text_tools.h"

namespace shilu::http {
namespace {

std::string_view without_weak_mark(std::string_view etag) {
  return etag.substr(0, 2) == "W/" ? etag.substr(2) : etag;
}

// Weak comparison against a list or "*" (If-None-Match).
bool lists_etag(std::string_view list, std::string_view etag) {
  if (trimmed(list) == "*") return true;
  auto items = comma_list(list);
  return std::any_of(items.begin(), items.end(),
                     [&](auto item) { return without_weak_mark(item) == without_weak_mark(etag); });
}

// Strong comparison (If-Match).
bool lists_strong_etag(std::string_view list, std::string_view etag) {
  if (trimmed(list) == "*") return true;
  auto items = comma_list(list);
  return etag.substr(0, 2) != "W/" && std::find(items.begin(), items.end(), etag) != items.end();
}

// A position too large for 64 bits is still a position: behind every end.
std::optional<std::uint64_t> position(std::string_view digits) {
  bool all_digits = !digits.empty() && digits.find_first_not_of("0123456789") == std::string_view::npos;
  if (!all_digits) return std::nullopt;
  return decimal(digits).value_or(std::numeric_limits<std::uint64_t>::max());
}

std::optional<Selected> parse_range(std::string_view text, std::uint64_t size) {
  if (!equal_ignoring_case(text.substr(0, 6), "bytes=")) return std::nullopt;
  text = trimmed(text.substr(6));
  auto dash = text.find('-');
  if (dash == std::string_view::npos || text.find(',') != std::string_view::npos) return std::nullopt;
  auto first_text = trimmed(text.substr(0, dash));
  auto last_text = trimmed(text.substr(dash + 1));
  auto first = position(first_text);
  auto last = position(last_text);
  const Selected unsatisfiable{Selection::kUnsatisfiable, {}};
  if (first_text.empty()) {  // the last N bytes
    if (!last) return std::nullopt;
    if (*last == 0 || size == 0) return unsatisfiable;
    auto count = std::min(*last, size);
    return Selected{Selection::kRange, {size - count, count}};
  }
  if (!first || (!last_text.empty() && !last) || (last && *last < *first)) return std::nullopt;
  if (*first >= size) return unsatisfiable;
  auto end = last ? std::min(*last, size - 1) : size - 1;
  return Selected{Selection::kRange, {*first, end - *first + 1}};
}

}  // namespace

Selected select_bytes(const Request& request, std::uint64_t size, std::string_view etag) {
  const Selected whole{Selection::kWhole, {0, size}};
  auto if_match = request.header("if-match");
  if (!if_match.empty() && !lists_strong_etag(if_match, etag)) return {Selection::kPreconditionFailed, {}};
  auto if_none_match = request.header("if-none-match");
  if (!if_none_match.empty() && !etag.empty() && lists_etag(if_none_match, etag))
    return {Selection::kNotModified, {}};
  auto range = request.header("range");
  if (range.empty() || request.method != "GET") return whole;
  auto if_range = request.header("if-range");  // a date never matches: we give no Last-Modified
  if (!if_range.empty() && (etag.substr(0, 2) == "W/" || if_range != etag)) return whole;
  return parse_range(range, size).value_or(whole);
}

std::string content_range(ByteRange range, std::uint64_t size) {
  return "bytes " + std::to_string(range.first) + "-" + std::to_string(range.first + range.size - 1) + "/" +
         std::to_string(size);
}

std::string unsatisfied_content_range(std::uint64_t size) {
  return "bytes */" + std::to_string(size);
}

}  // namespace shilu::http
