#include "upload/platform/blindfold.h"

#include <algorithm>

namespace shilu::platform {
namespace {

constexpr std::string_view kCover = "…";

std::size_t characters(std::string_view utf8) {
  return static_cast<std::size_t>(
      std::count_if(utf8.begin(), utf8.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

}  // namespace

Blindfold::Blindfold(std::vector<std::string> words) : words_(std::move(words)) {
  std::erase_if(words_, [](const std::string& word) { return characters(word) < 2; });
  std::sort(words_.begin(), words_.end(), [](const auto& a, const auto& b) { return a.size() > b.size(); });
}

std::string Blindfold::cover(std::string_view text) const {
  std::string covered(text);
  for (const std::string& word : words_) {
    for (std::size_t at = covered.find(word); at != covered.npos;
         at = covered.find(word, at + kCover.size())) {
      covered.replace(at, word.size(), kCover);
    }
  }
  return covered;
}

}  // namespace shilu::platform
