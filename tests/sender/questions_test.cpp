#include "upload/sender/questions.h"

#include <catch2/catch.hpp>

using namespace shilu;
using namespace shilu::sender;
using namespace std::chrono_literals;

TEST_CASE("what takes long is asked for rarely, and at least every ten minutes") {
  Questions questions;
  const MonotonicTime start{0};
  CHECK(questions.is_due("a", start));
  CHECK(questions.ask("a", 5s, start) == 5s);
  CHECK_FALSE(questions.is_due("a", start + 4s));
  CHECK(questions.is_due("a", start + 5s));
  CHECK(questions.ask("a", 5s, start + 100s) == 10s);
  CHECK(questions.waited("a", start + 100s) == 100s);
  CHECK(questions.ask("a", 5s, start + 24h) == 10min);
  CHECK(questions.ask("a", 30min, start + 24h) == 30min);
}

TEST_CASE("the next question is the earliest of all, and what is forgotten is new") {
  Questions questions;
  const MonotonicTime start{0};
  CHECK_FALSE(questions.next());
  questions.ask("a", 50s, start);
  questions.ask("b", 20s, start);
  CHECK(questions.next() == start + 20s);
  questions.forget_all_but({"a"});
  CHECK(questions.next() == start + 50s);
  CHECK(questions.is_due("b", start));
  questions.begin_anew(start + 10s);
  CHECK(questions.is_due("a", start + 10s));
  CHECK(questions.waited("a", start + 10s) == 0s);
  questions.forget("a");
  CHECK_FALSE(questions.next());
}
