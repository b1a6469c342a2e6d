#pragma once
// Takes out of a text what would tell an assessor whose lesson it is. A value.

#include <string>
#include <string_view>
#include <vector>

namespace shilu::platform {

class Blindfold {
 public:
  // Words of a single character are left alone: covering them would cover everything.
  explicit Blindfold(std::vector<std::string> words);
  std::string cover(std::string_view text) const;  // each word replaced by "…"

 private:
  std::vector<std::string> words_;  // longest first
};

}  // namespace shilu::platform
