#pragma once
// The check before anyone loses a submission on a technicality: each piece that the ability point asks for is
// there, fits its rule, and the recording under it is sound. A default rule (status "unconfirmed") only
// warns.

#include <string>
#include <vector>

#include "firmware/portal/context.h"

namespace shilu::portal {

struct CheckItem {
  std::string piece;     // title of the evidence piece; "" for the clip as a whole
  std::string status;    // "done", "warning", "missing"
  std::string text_key;  // what pages translate: "clip-too-long", "document-missing", ...
  std::string detail;    // the same in a sentence
};

struct SubmissionCheck {
  std::vector<CheckItem> items;
  bool can_submit() const;
  Json to_json() const;
};

Result<SubmissionCheck> check_submission(const Context& context, const store::Clip& clip);

}  // namespace shilu::portal
