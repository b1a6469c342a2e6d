#include "firmware/http/target.h"

#include <algorithm>

#include "firmware/http/text_tools.h"

namespace shilu::http {
namespace {

enum class Plus { kLiteral, kBlank };

tl::unexpected<Error> refuse(std::string_view why) {
  return fail(ErrorKind::kInvalidArgument, "the address of the request " + std::string(why));
}

Result<std::string> percent_decoded(std::string_view text, Plus plus) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && plus == Plus::kBlank) {
      out += ' ';
    } else if (text[i] == '%') {
      int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
      int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
      if (high < 0 || low < 0) return refuse("has an escape that is not two hex digits");
      out += static_cast<char>(high * 16 + low);
      i += 2;
    } else {
      out += text[i];
    }
  }
  if (out.find('\0') != std::string::npos) return refuse("has a NUL");
  if (!is_valid_utf8(out)) return refuse("is not UTF-8");
  return out;
}

bool has_control(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
}

Result<std::string> decoded_segment(std::string_view raw) {
  SHILU_TRY(auto segment, percent_decoded(raw, Plus::kLiteral));
  const std::string_view view = segment;
  if (view == "." || view == "..") return refuse("climbs out of its folder");
  if (view.find('/') != std::string_view::npos) return refuse("has an encoded slash");
  if (has_control(segment)) return refuse("has a control character");
  return segment;
}

Result<std::string> decoded_path(std::string_view raw) {
  std::string path;
  for (std::size_t at = 0; at != std::string_view::npos;) {  // raw[at] is the slash before a segment
    auto next = raw.find('/', at + 1);
    SHILU_TRY(auto segment,
              decoded_segment(raw.substr(at + 1, next == std::string_view::npos ? next : next - at - 1)));
    path += '/';
    path += segment;
    at = next;
  }
  return path;
}

Result<std::map<std::string, std::string>> decoded_query(std::string_view raw) {
  std::map<std::string, std::string> query;
  while (!raw.empty()) {
    auto ampersand = raw.find('&');
    auto pair = raw.substr(0, ampersand);
    auto equals = pair.find('=');
    if (!pair.empty()) {
      SHILU_TRY(auto name, percent_decoded(pair.substr(0, equals), Plus::kBlank));
      auto raw_value = equals == std::string_view::npos ? std::string_view() : pair.substr(equals + 1);
      SHILU_TRY(auto value, percent_decoded(raw_value, Plus::kBlank));
      query.emplace(std::move(name), std::move(value));
    }
    if (ampersand == std::string_view::npos) break;
    raw.remove_prefix(ampersand + 1);
  }
  return query;
}

// "http://host:1/a?b" -> "/a?b" (RFC 9112 section 3.2.2); the Host field has the authority as well.
std::string_view without_authority(std::string_view text) {
  for (std::string_view scheme : {"http://", "https://"}) {
    if (!equal_ignoring_case(text.substr(0, scheme.size()), scheme)) continue;
    auto begin = text.find_first_of("/?", scheme.size());
    return begin == std::string_view::npos ? std::string_view("/") : text.substr(begin);
  }
  return text;
}

}  // namespace

Result<Target> parse_target(std::string_view text) {
  if (text == "*") return Target{"*", {}};
  text = without_authority(text);
  if (text.find('#') != std::string_view::npos) return refuse("has a fragment");
  auto mark = text.find('?');
  std::string_view raw_path = text.substr(0, mark);
  if (raw_path.empty() && mark == 0) raw_path = "/";
  if (raw_path.empty() || raw_path[0] != '/') return refuse("does not begin with a slash");
  Target target;
  SHILU_TRY(target.path, decoded_path(raw_path));
  if (mark == std::string_view::npos) return target;
  SHILU_TRY(target.query, decoded_query(text.substr(mark + 1)));
  return target;
}

}  // namespace shilu::http
