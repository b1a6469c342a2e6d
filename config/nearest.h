#pragma once
// "Did you mean": the candidate with the smallest edit distance (Levenshtein, by bytes).

#include <span>
#include <string>
#include <string_view>

namespace shilu::config {

std::string_view nearest(std::string_view wanted, std::span<const std::string_view> candidates);

}  // namespace shilu::config
