#include "firmware/http/event_queue.h"

#include <catch2/catch.hpp>

using namespace shilu::http;

TEST_CASE("events have the form of the HTML standard") {
  CHECK(format_event("mark", "{\"a\":1}", "7") == "event: mark\nid: 7\ndata: {\"a\":1}\n\n");
  CHECK(format_event("", "one", "") == "data: one\n\n");
  CHECK(format_event("", "", "") == "data: \n\n");
  CHECK(format_event("", "a\nb\r\nc\rd", "") == "data: a\ndata: b\ndata: c\ndata: d\n\n");
}

TEST_CASE("an event's name and id cannot begin a field of their own") {
  CHECK(format_event("a\ndata: x", "y", "1\r\nevent: z") == "event: adata: x\nid: 1event: z\ndata: y\n\n");
}
