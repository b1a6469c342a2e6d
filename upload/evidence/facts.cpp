#include "upload/evidence/facts.h"

#include <fmt/format.h>

#include <algorithm>

#include "firmware/base/certificate.h"

namespace shilu::evidence {
namespace {

constexpr std::size_t kProblemsTold = 3;

bool one_of(std::string_view value, std::initializer_list<std::string_view> list) {
  return std::find(list.begin(), list.end(), value) != list.end();
}
bool holds(std::string_view value) {
  return one_of(value, {"intact", "valid", "known", "signed", "whole", "whole-with-declared-gaps",
                        "synchronised", "signed-in"});
}
bool refutes(std::string_view value) {
  return one_of(value, {"altered", "invalid", "missing", "unknown"});
}

}  // namespace

void FactList::add(std::string_view fact, std::string_view value, std::string detail, int clip) {
  facts_.push_back(
      {std::string(fact), std::string(value), std::move(detail), clip, holds(value), refutes(value)});
}

void FactList::add_intact(std::string_view fact, const std::vector<std::string>& problems,
                          std::string when_intact) {
  if (problems.empty()) return add(fact, "intact", std::move(when_intact));
  const auto told = std::min(problems.size(), kProblemsTold);
  std::string detail = fmt::format(
      "{}", fmt::join(problems.begin(), problems.begin() + static_cast<std::ptrdiff_t>(told), "; "));
  if (told < problems.size()) detail += fmt::format("; and {} more", problems.size() - told);
  add(fact, "altered", std::move(detail));
}

void add_device_fact(FactList& facts, const std::vector<PublicKey>& keys,
                     const std::vector<PublicKey>& trusted) {
  if (keys.empty()) return facts.add("device", "cannot-check", "no certificate says which device it was");
  std::string name = device_id_of(keys.front());
  if (trusted.empty()) {
    return facts.add("device", "not-asked",
                     fmt::format("it says it is device {}; no list of known devices was given", name));
  }
  for (const PublicKey& key : keys) {
    if (std::find(trusted.begin(), trusted.end(), key) != trusted.end()) continue;
    return facts.add("device", "unknown",
                     fmt::format("device {} is not in the list of known devices", device_id_of(key)));
  }
  facts.add("device", "known", fmt::format("device {} is in the list of known devices", name));
}

}  // namespace shilu::evidence
