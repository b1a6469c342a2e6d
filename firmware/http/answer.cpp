#include "firmware/http/answer.h"

#include <fmt/format.h>

#include <algorithm>
#include <ctime>

#include "firmware/base/log.h"
#include "firmware/http/byte_range.h"
#include "firmware/http/status.h"
#include "firmware/http/text_tools.h"

namespace shilu::http {
namespace {

// What the server says itself; a handler's own word on these is not sent.
bool is_ours(std::string_view name) {
  for (auto ours : {"content-length", "date", "connection", "transfer-encoding", "content-type"}) {
    if (equal_ignoring_case(name, ours)) return true;
  }
  return false;
}

bool may_be_sent(std::string_view name, std::string_view value) {
  if (is_token(name) && value.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos)
    return true;
  log_error("http: a response field that does not fit on one line was left out name={}",
            is_token(name) ? name : "?");
  return false;
}

bool has_field(const Response& response, std::string_view name) {
  return std::any_of(response.headers.begin(), response.headers.end(),
                     [&](auto& field) { return equal_ignoring_case(field.first, name); });
}

std::string head_text(const Response& response, const AnswerRules& rules) {
  std::string out = fmt::format("HTTP/1.1 {} {}\r\nDate: {}\r\n", response.status,
                                reason_phrase(response.status), http_date(std::time(nullptr)));
  auto add = [&](std::string_view name, std::string_view value) {
    if (may_be_sent(name, value)) out.append(name).append(": ").append(value).append("\r\n");
  };
  for (auto& [name, value] : response.headers) {
    if (!is_ours(name)) add(name, value);
  }
  if (rules.common_headers) {
    for (auto& [name, value] : *rules.common_headers) {
      if (!has_field(response, name)) add(name, value);
    }
  }
  if (rules.after == AfterAnswer::kClose) {
    add("Connection", "close");
  } else if (rules.version == 10) {
    add("Connection", "keep-alive");
  }
  return out;
}

std::uint64_t total_size(const std::vector<BodyPiece>& pieces) {
  std::uint64_t size = 0;
  for (auto& piece : pieces) size += piece.size;
  return size;
}

// The part of the pieces that `range` selects.
std::vector<BodyPiece> cut(std::vector<BodyPiece> pieces, ByteRange range) {
  std::vector<BodyPiece> out;
  std::uint64_t at = 0;  // where the piece begins in the whole
  const std::uint64_t end = range.first + range.size;
  for (auto& piece : pieces) {
    auto begin = std::max(at, range.first);
    auto stop = std::min(at + piece.size, end);
    std::uint64_t next = at + piece.size;
    if (begin < stop) {
      piece.offset += begin - at;
      piece.size = stop - begin;
      out.push_back(std::move(piece));
    }
    at = next;
    if (at >= end) break;
  }
  return out;
}

void finish_head(Answer& answer, const Response& response, std::uint64_t size) {
  if (may_have_body(response.status)) {
    if (!response.content_type.empty() && may_be_sent("Content-Type", response.content_type))
      answer.head += "Content-Type: " + response.content_type + "\r\n";
    answer.head += "Content-Length: " + std::to_string(size) + "\r\n";
  }
  answer.head += "\r\n";
}

Answer text_answer(const Request& request, Response response, const AnswerRules& rules) {
  Answer answer;
  answer.after = rules.after;
  auto& text = std::get<std::string>(response.body);
  answer.head = head_text(response, rules);
  finish_head(answer, response, text.size());
  if (request.method != "HEAD" && may_have_body(response.status)) answer.text = std::move(text);
  return answer;
}

Answer composed_answer(const Request& request, Response response, const AnswerRules& rules) {
  auto body = std::move(std::get<ComposedBody>(response.body));
  auto size = total_size(body.pieces);
  Selected selected{Selection::kWhole, {0, size}};
  if (response.status == 200) selected = select_bytes(request, size, body.etag);
  if (selected.selection == Selection::kPreconditionFailed)
    return text_answer(request, problem(412, "precondition-failed", "it has changed since"), rules);
  if (selected.selection == Selection::kUnsatisfiable) {
    auto refused = problem(416, "range-not-satisfiable", "the range lies behind the end");
    refused.headers.emplace_back("Content-Range", unsatisfied_content_range(size));
    return text_answer(request, std::move(refused), rules);
  }
  if (!body.etag.empty()) response.headers.emplace_back("ETag", body.etag);
  response.headers.emplace_back("Accept-Ranges", "bytes");
  if (selected.selection == Selection::kNotModified) response.status = 304;
  if (selected.selection == Selection::kRange) {
    response.status = 206;
    response.headers.emplace_back("Content-Range", content_range(selected.range, size));
  }
  Answer answer;
  answer.after = rules.after;
  answer.head = head_text(response, rules);
  finish_head(answer, response, selected.range.size);
  if (request.method != "HEAD" && may_have_body(response.status))
    answer.pieces = cut(std::move(body.pieces), selected.range);
  return answer;
}

// Ends with the connection: no length, no chunks (RFC 9112 section 6.3, rule 8).
Answer event_answer(const Request& request, Response response, AnswerRules rules) {
  rules.after = AfterAnswer::kClose;
  if (!has_field(response, "Cache-Control")) response.headers.emplace_back("Cache-Control", "no-store");
  response.headers.emplace_back("X-Accel-Buffering", "no");  // nginx in front must not collect events
  Answer answer;
  answer.after = rules.after;
  answer.head = head_text(response, rules) + "Content-Type: text/event-stream\r\n\r\n";
  if (request.method != "HEAD") answer.events = std::move(std::get<EventStream>(response.body));
  return answer;
}

}  // namespace

Answer make_answer(const Request& request, Response response, const AnswerRules& rules) {
  if (std::holds_alternative<ComposedBody>(response.body))
    return composed_answer(request, std::move(response), rules);
  if (std::holds_alternative<EventStream>(response.body))
    return event_answer(request, std::move(response), rules);
  return text_answer(request, std::move(response), rules);
}

std::string http_date(std::int64_t unix_seconds) {
  static constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                            "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  std::time_t time = unix_seconds;
  std::tm t{};
  ::gmtime_r(&time, &t);
  return fmt::format("{}, {:02} {} {} {:02}:{:02}:{:02} GMT", kDays[t.tm_wday], t.tm_mday, kMonths[t.tm_mon],
                     t.tm_year + 1900, t.tm_hour, t.tm_min, t.tm_sec);
}

}  // namespace shilu::http
