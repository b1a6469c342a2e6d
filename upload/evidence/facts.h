#pragma once
// Collects the facts of a report. Which values hold and which refute stands in one table. Inside this module
// only.

#include "upload/evidence/verify.h"

namespace shilu::evidence {

class FactList {
 public:
  explicit FactList(std::vector<Fact>& facts) : facts_(facts) {}
  // `clip` counts from 1; 0: the whole.
  void add(std::string_view fact, std::string_view value, std::string detail, int clip = 0);
  // "intact" if `problems` is empty, else "altered" with the first few of them.
  void add_intact(std::string_view fact, const std::vector<std::string>& problems, std::string when_intact);

 private:
  std::vector<Fact>& facts_;
};

// The fact "device": is every one of `keys` (of the recording's and of the seal's device) in the list of
// known ones?
void add_device_fact(FactList& facts, const std::vector<PublicKey>& keys,
                     const std::vector<PublicKey>& trusted);

}  // namespace shilu::evidence
