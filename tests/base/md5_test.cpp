#include "firmware/base/md5.h"

#include <catch2/catch.hpp>

using namespace shilu;

namespace {

// RFC 1321, appendix A.5.
const std::pair<std::string, std::string> kSuite[] = {
    {"", "d41d8cd98f00b204e9800998ecf8427e"},
    {"message digest", "f96b697d7cb7938d525a2f31aaf161d0"},
    {"12345678901234567890123456789012345678901234567890123456789012345678901234567890",
     "57edf4a22be3c955ac49da2e2107b67a"}};

}  // namespace

TEST_CASE("MD5 is RFC 1321's, at once and in pieces") {
  for (const auto& [text, digest] : kSuite) {
    CHECK(to_hex(ByteView(md5(as_bytes(text)))) == digest);
    Md5Hash hash;
    for (const char& byte : text) hash.update(as_bytes(std::string_view(&byte, 1)));
    CHECK(to_hex(ByteView(hash.finish())) == digest);
  }
}
