#include "firmware/base/xml.h"

#include <catch2/catch.hpp>

using namespace shilu;

TEST_CASE("XML is read as a tree, whatever its prefixes") {
  const auto root = parse_xml(
      "<?xml version=\"1.0\"?><s3:Answer xmlns:s3=\"urn:x\"><s3:UploadId>a&amp;b</s3:UploadId>"
      "<Part><N>1</N></Part><Part><N>2</N></Part><Raw><![CDATA[<x>]]></Raw></s3:Answer>");
  REQUIRE(root);
  CHECK(root->name == "Answer");
  CHECK(root->text_of("UploadId") == "a&b");
  CHECK(root->text_of("Raw") == "<x>");
  CHECK(root->text_of("Nothing").empty());
  REQUIRE(root->children.size() == 4);
  CHECK(root->children[2].text_of("N") == "2");
}

TEST_CASE("what is no XML, and what is meant to harm, is refused") {
  CHECK(parse_xml("").error().kind == ErrorKind::kCorrupted);
  CHECK(parse_xml("<a><b></a>").error().kind == ErrorKind::kCorrupted);
  CHECK(parse_xml("{\"json\":1}").error().kind == ErrorKind::kCorrupted);
  std::string deep;
  for (int i = 0; i < 100'000; ++i) deep += "<a>";
  CHECK(parse_xml(deep).error().kind == ErrorKind::kCorrupted);
  std::string closed;
  for (int i = 0; i < 100; ++i) closed = "<a>" + closed + "</a>";
  CHECK(parse_xml(closed).error().message == "the XML is nested too deeply");
}

TEST_CASE("entities of a document's own are not replaced: no text grows by being read") {
  const auto root = parse_xml("<!DOCTYPE a [<!ENTITY x \"xxxxxxxxxxxxxxxx\">]><a>&x;&x;</a>");
  if (root) CHECK(root->text == "&x;&x;");
}

TEST_CASE("escaped text is read back as it was") {
  const std::string text = "a<b>&\"c'中";
  const auto root = parse_xml("<a>" + xml_escaped(text) + "</a>");
  REQUIRE(root);
  CHECK(root->text == text);
}
