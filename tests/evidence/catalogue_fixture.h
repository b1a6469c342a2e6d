#pragma once
// The attacks of docs/ref/attacks.md, each with the fact that must refute it.

#include <functional>
#include <string>
#include <vector>

#include "tests/evidence/attack_stage.h"

namespace shilu::test {

struct Attack {
  std::string name;      // as on the page
  std::string attacker;  // what he has: "nothing", "the seal key", "the folder" ...
  std::string fact;      // that tells of it
  std::function<evidence::VerifyReport()> run;
  // kHolds: what an attacker could have done is told, and the evidence still holds.
  enum class Outcome { kRefuted, kHolds } outcome = Outcome::kRefuted;
};

// On files and signatures of a package; on clips, records and marks; on a lesson's folder; with
// keys and clocks.
std::vector<Attack> attacks_on_files();
std::vector<Attack> attacks_on_clips();
std::vector<Attack> attacks_on_folders();
std::vector<Attack> attacks_with_keys();

}  // namespace shilu::test
