#pragma once
// Why a package is not taken, in words that a teacher understands. The codes are stable; pages may translate
// them: docs/ref/platform-api.md, "Reasons".

#include <string>
#include <vector>

#include "config/catalogue.h"
#include "upload/evidence/verify.h"

namespace shilu::platform {

struct Reason {
  std::string code;
  std::string text;
};

// What the facts have against the package; empty: nothing. What cannot be checked is not taken either.
std::vector<Reason> reasons_against(const std::vector<evidence::Fact>& facts);

// The package asks to be judged by something that this platform does not judge by.
std::vector<Reason> reasons_against(const evidence::PackageSummary& summary,
                                    const config::Catalogue& catalogue);

Reason reason_of_code(std::string_view code, std::string_view detail);

std::string reasons_json(const std::vector<Reason>& reasons);

}  // namespace shilu::platform
