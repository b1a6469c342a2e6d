#include "firmware/base/presentable.h"

namespace shilu {
namespace {

unsigned char byte_at(const std::string& text, std::size_t at) {
  return static_cast<unsigned char>(at < text.size() ? text[at] : 0);
}

bool continues_character(unsigned char byte) {
  return (byte & 0xc0u) == 0x80;
}

}  // namespace

std::string presentable(std::string text, std::size_t limit) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = byte_at(text, i);
    const auto next = byte_at(text, i + 1);
    if (byte < 0x20 || byte == 0x7f) text[i] = '?';
    if (byte == 0xc2 && next >= 0x80 && next < 0xa0) text[i] = text[i + 1] = '?';  // U+0080 to U+009F
  }
  if (text.size() <= limit) return text;
  while (limit > 0 && continues_character(byte_at(text, limit))) --limit;
  return text.substr(0, limit) + " ...";
}

}  // namespace shilu
