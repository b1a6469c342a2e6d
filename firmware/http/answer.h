#pragma once
// A handler's response turned into what goes on the wire. Pure: no socket, no clock but the Date field.

#include <string>
#include <utility>
#include <vector>

#include "firmware/http/request.h"
#include "firmware/http/response.h"

namespace shilu::http {

enum class AfterAnswer { kKeepAlive, kClose };

struct AnswerRules {
  int version = 11;  // the request's
  AfterAnswer after = AfterAnswer::kKeepAlive;
  const std::vector<std::pair<std::string, std::string>>* common_headers = nullptr;  // may be null
};

struct Answer {
  std::string head;               // status line, fields, empty line
  std::string text;               // then this,
  std::vector<BodyPiece> pieces;  // then these,
  EventStream events;             // then this, if on_open is set
  AfterAnswer after = AfterAnswer::kKeepAlive;
};

// `request` needs method and headers only. Applies HEAD, conditions and ranges; an event stream always
// closes. Fields whose name or value could not stand on one line are left out and logged.
Answer make_answer(const Request& request, Response response, const AnswerRules& rules);

std::string http_date(std::int64_t unix_seconds);  // "Sun, 06 Nov 1994 08:49:37 GMT"

}  // namespace shilu::http
