#include "firmware/base/bytes.h"

#include <catch2/catch.hpp>
#include <utility>

using namespace shilu;

TEST_CASE("base64 writes and reads the vectors of RFC 4648 section 10") {
  const auto [text, encoded] = GENERATE(table<std::string, std::string>({{"", ""},
                                                                         {"f", "Zg=="},
                                                                         {"fo", "Zm8="},
                                                                         {"foo", "Zm9v"},
                                                                         {"foob", "Zm9vYg=="},
                                                                         {"fooba", "Zm9vYmE="},
                                                                         {"foobar", "Zm9vYmFy"}}));
  CHECK(to_base64(as_bytes(text)) == encoded);
  CHECK(from_base64(encoded).value() == to_bytes(text));
}

TEST_CASE("base64 uses the whole alphabet") {
  // python3: base64.b64encode(bytes([0xfb,0xef,0xbe,0xff,0xff,0xff,0x00]))
  const Bytes bytes{0xfb, 0xef, 0xbe, 0xff, 0xff, 0xff, 0x00};
  CHECK(to_base64(bytes) == "++++////AA==");
  CHECK(from_base64("++++////AA==").value() == bytes);
}

TEST_CASE("base64 that has a second spelling is refused") {
  const auto text = GENERATE(as<std::string>(), "Zg", "Zg=", "Zg===", "Z===", "====", "Zm9v\n", " Zm9v",
                             "Zm9 v", "Zh==" /* bits left over */, "Zm9=" /* bits left over */,
                             "Zm-_" /* base64url */, "Zg==Zg==", "=Zm9", "Z=m9");
  CAPTURE(text);
  CHECK_FALSE(from_base64(text));
}

TEST_CASE("hexadecimal is written in lower case and read in both") {
  CHECK(to_hex(Bytes{0x00, 0x9f, 0xAB}) == "009fab");
  CHECK(from_hex("009FaB").value() == Bytes{0x00, 0x9f, 0xab});
  CHECK(from_hex("").value().empty());
}

TEST_CASE("hexadecimal with a wrong or missing digit is refused") {
  const auto text = GENERATE(as<std::string>(), "0", "0g", "g0", "0x", " 0", "00 ");
  CHECK_FALSE(from_hex(text));
}

TEST_CASE("numbers are written with the highest byte first") {
  Bytes out;
  put_u8(out, 0x01);
  put_u16(out, 0x0203);
  put_u32(out, 0x04050607);
  put_u64(out, 0x08090a0b0c0d0e0f);
  CHECK(to_hex(ByteView(out)) == "0102030405060708090a0b0c0d0e0f");
}

TEST_CASE("a reader gives back what was written and knows its end") {
  const auto bytes = from_hex("0102030405060708090a0b0c0d0e0fff").value();
  ByteReader reader(bytes);
  CHECK(reader.u8() == 0x01);
  CHECK(reader.u16() == 0x0203);
  CHECK(reader.u32() == 0x04050607);
  CHECK(reader.u64() == 0x08090a0b0c0d0e0f);
  CHECK(reader.remaining() == 1);
  CHECK(reader.bytes(1)[0] == 0xff);
  CHECK(reader.bytes(0).empty());
  CHECK(reader.ok());
}

TEST_CASE("a reader that once went past the end stays not ok and gives zeros") {
  const Bytes bytes{1, 2, 3};
  ByteReader reader(bytes);
  CHECK(reader.u32() == 0);
  CHECK_FALSE(reader.ok());
  CHECK(reader.u8() == 0);
  CHECK(reader.bytes(1).empty());
  CHECK_FALSE(reader.ok());
}

TEST_CASE("text and bytes are two views of the same") {
  CHECK(as_text(as_bytes("实录")) == "实录");
  CHECK(to_bytes("a\0b").size() == 1);
  CHECK(to_bytes(std::string_view("a\0b", 3)) == Bytes{'a', 0, 'b'});
}
