#pragma once
// Collects the facts of a report. Which values hold and which refute stands in one table. Inside this module
// only.

#include "firmware/base/certificate.h"
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

// The fact "device": is the device of every certificate (of the recording and of the seal) in the list of
// known ones, by its key or by one that it had before?
void add_device_fact(FactList& facts, const std::vector<KeyCertificate>& certificates,
                     const std::vector<PublicKey>& trusted);

}  // namespace shilu::evidence
