#include "firmware/base/json_io.h"

#include <catch2/catch.hpp>

using namespace shilu;

namespace {
std::string nested(int levels) {
  return std::string(levels, '[') + std::string(levels, ']');
}
}  // namespace

TEST_CASE("JSON is read") {
  const auto json = parse_json(R"( {"名":"课","n":[1,-2,3.5,true,null]} )").value();
  CHECK(json["名"] == "课");
  CHECK(json["n"].size() == 5);
  CHECK(parse_json("7").value() == 7);
}

TEST_CASE("what is not strict JSON is refused") {
  const auto text = GENERATE(as<std::string>(), "", " ", "{", "{\"a\":1,}", "[1,]", "{'a':1}", "{a:1}",
                             "// c\n1", "/* c */ 1", "NaN", "Infinity", "01", "+1", "1 2", "\"\x01\"",
                             "\"\xff\"", "\"\xc0\x80\"", "\"\\ud800\"", "1e999", "{\"a\":1}}", "\"a", "tru");
  CAPTURE(text);
  CHECK(parse_json(text).error().kind == ErrorKind::kInvalidArgument);
}

TEST_CASE("a key that stands twice in one object is refused, also by another spelling") {
  CHECK_FALSE(parse_json(R"({"a":1,"a":1})"));
  CHECK_FALSE(parse_json(R"({"a":1,"b":{},"\u0061":2})"));
  CHECK_FALSE(parse_json(R"([{"x":{"k":1,"k":2}}])"));
  CHECK_THAT(parse_json(R"({"a":1,"a":1})").error().message, Catch::Contains("\"a\" stands twice"));
  CHECK(parse_json(R"({"a":{"a":1},"b":{"a":1}})"));
  CHECK(parse_json(R"([{"a":1},{"a":1}])"));
}

TEST_CASE("JSON of 64 levels is read, of 65 refused, of a million refused without harm") {
  CHECK(parse_json(nested(64)));
  CHECK_FALSE(parse_json(nested(65)));
  CHECK_FALSE(parse_json(nested(1'000'000)));
  CHECK_FALSE(parse_json(std::string(1'000'000, '[')));
}

TEST_CASE("an error says where the text breaks") {
  CHECK_THAT(parse_json("[1,2,x]").error().message, Catch::Contains("byte 6"));
}

TEST_CASE("canonical JSON is compact, sorted and UTF-8") {
  CHECK(canonical_json(parse_json(R"({ "b" : [1, 2], "a" : "课", "A":1.5 })").value()) ==
        R"({"A":1.5,"a":"课","b":[1,2]})");
  CHECK(canonical_json(Json("a\xff z")) == "\"a\xEF\xBF\xBD z\"");  // U+FFFD in place of what is no UTF-8
}

TEST_CASE("members are read by their type") {
  const auto json = parse_json(R"({"s":"x","i":-7,"b":true,"o":{"k":1},"a":[1],"f":1.5,"n":null})").value();
  CHECK(json_string(json, "s").value() == "x");
  CHECK(json_int(json, "i").value() == -7);
  CHECK(json_bool(json, "b").value());
  CHECK(json_object(json, "o").value()["k"] == 1);
  CHECK(json_array(json, "a").value().size() == 1);
  CHECK_FALSE(json_string(json, "i"));
  CHECK_FALSE(json_int(json, "s"));
  CHECK_FALSE(json_int(json, "f"));
  CHECK_FALSE(json_int(json, "b"));
  CHECK_FALSE(json_bool(json, "i"));
  CHECK_FALSE(json_object(json, "a"));
  CHECK_FALSE(json_array(json, "o"));
  CHECK_FALSE(json_string(json, "n"));
}

TEST_CASE("an error names the member") {
  const auto json = parse_json(R"({"i":1})").value();
  CHECK(json_int(json, "size_bytes").error().message == "\"size_bytes\" is missing");
  CHECK_THAT(json_string(json, "i").error().message, Catch::Contains("\"i\""));
  CHECK_FALSE(json_int(parse_json("[1]").value(), "i"));
}

TEST_CASE("a whole number beyond 63 bits is refused, the largest one is read") {
  CHECK(json_int(parse_json(R"({"i":9223372036854775807})").value(), "i").value() == INT64_MAX);
  CHECK(json_int(parse_json(R"({"i":-9223372036854775808})").value(), "i").value() == INT64_MIN);
  CHECK_FALSE(json_int(parse_json(R"({"i":9223372036854775808})").value(), "i"));
  CHECK_FALSE(json_int(parse_json(R"({"i":99999999999999999999})").value(), "i"));
}

TEST_CASE("a fallback stands in for a member that is missing or of another type") {
  const auto json = parse_json(R"({"s":"x","i":1})").value();
  CHECK(json_string_or(json, "s", "y") == "x");
  CHECK(json_string_or(json, "i", "y") == "y");
  CHECK(json_string_or(json, "none", "y") == "y");
  CHECK(json_int_or(json, "i", 9) == 1);
  CHECK(json_int_or(json, "none", 9) == 9);
}

TEST_CASE("a short text of many values is refused, whatever they are") {
  const auto list_of = [](std::string_view value, std::size_t count) {
    std::string text = "[";
    for (std::size_t i = 0; i < count; ++i) text += std::string(i == 0 ? "" : ",") + std::string(value);
    return text + "]";
  };
  // The list itself is a value, too.
  CHECK(parse_json(list_of("0", 499'999)));
  for (const auto* value : {"0", "[]", "{}", "\"\"", "null", "1.5", "true", "-1"}) {
    const auto json = parse_json(list_of(value, 500'000));
    REQUIRE_FALSE(json);
    CHECK_THAT(json.error().message, Catch::Contains("more than 500000 values"));
  }
}
