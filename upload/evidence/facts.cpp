#include "upload/evidence/facts.h"

#include <fmt/format.h>

#include <algorithm>

#include "firmware/base/certificate.h"
#include "firmware/base/presentable.h"

namespace shilu::evidence {
namespace {

constexpr std::size_t kProblemsTold = 3;

bool one_of(std::string_view value, std::initializer_list<std::string_view> list) {
  return std::find(list.begin(), list.end(), value) != list.end();
}
bool holds(std::string_view value) {
  return one_of(value, {"intact", "valid", "known", "signed", "whole", "whole-with-declared-gaps",
                        "synchronised", "signed-in", "valid-then", "not-revoked", "before-revocation",
                        "hardware", "software", "bounded", "not-before", "not-after"});
}
bool refutes(std::string_view value) {
  return one_of(
      value, {"altered", "invalid", "missing", "unknown", "expired", "not-yet", "revoked", "contradicted"});
}

}  // namespace

void FactList::add(std::string_view fact, std::string_view value, std::string detail, int clip) {
  facts_.push_back({std::string(fact), std::string(value), presentable(std::move(detail)), clip, holds(value),
                    refutes(value)});
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

void add_device_fact(FactList& facts, const std::vector<KeyCertificate>& certificates,
                     const std::vector<PublicKey>& trusted) {
  if (certificates.empty())
    return facts.add("device", "cannot-check", "no certificate says which device it was");
  const std::string& name = certificates.front().device_id;
  if (trusted.empty()) {
    return facts.add("device", "not-asked",
                     fmt::format("it says it is device {}; no list of known devices was given", name));
  }
  std::string endorsed;
  for (const KeyCertificate& certificate : certificates) {
    const auto known = std::find_if(trusted.begin(), trusted.end(),
                                    [&](const PublicKey& key) { return certificate.is_of_device(key); });
    if (known == trusted.end()) {
      return facts.add("device", "unknown",
                       fmt::format("device {} is not in the list of known devices", certificate.device_id));
    }
    if (*known != certificate.device_key && endorsed.empty())
      endorsed = fmt::format("; its key {} is endorsed by that one", certificate.device_id);
  }
  const auto listed = std::find_if(trusted.begin(), trusted.end(), [&](const PublicKey& key) {
    return certificates.front().is_of_device(key);
  });
  facts.add("device", "known",
            fmt::format("device {} is in the list of known devices{}", device_id_of(*listed), endorsed));
}

}  // namespace shilu::evidence
