#include "upload/platform/rejection.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "firmware/base/json_io.h"

namespace shilu::platform {
namespace {

struct Refusal {
  std::string_view fact, value, code;
};

constexpr std::array<Refusal, 18> kRefusals{{{"structure", "altered", "package-altered"},
                                             {"contents", "altered", "contents-altered"},
                                             {"seal", "invalid", "seal-invalid"},
                                             {"seal", "missing", "seal-missing"},
                                             {"device", "unknown", "device-unknown"},
                                             {"certificate", "expired", "key-expired"},
                                             {"certificate", "not-yet", "clock-set-back"},
                                             {"revocation", "revoked", "key-revoked"},
                                             {"revocation", "before-revocation-asserted", "key-revoked"},
                                             {"key-level", "altered", "key-level"},
                                             {"time", "contradicted", "clock-set-back"},
                                             {"device-log", "rolled-back", "device-log"},
                                             {"device-log", "forked", "device-log"},
                                             {"recording", "altered", "recording-altered"},
                                             {"continuity", "altered", "clip-altered"},
                                             {"teacher", "altered", "teacher-altered"},
                                             {"identity", "absent", "identity-missing"},
                                             {"identity", "withheld", "identity-missing"}}};

struct Sentence {
  std::string_view code, text;
};

constexpr std::array<Sentence, 18> kSentences{
    {{"package-altered",
      "The file is not a package as the recorder makes it, or it was changed afterwards. "
      "Submit the lesson again from the recorder."},
     {"contents-altered",
      "A file inside the package was changed after it was packed. Submit the lesson again "
      "from the recorder."},
     {"seal-invalid",
      "The recorder's seal on the package does not hold. Submit the lesson again from the "
      "recorder."},
     {"seal-missing",
      "The recorder's seal was taken out of the package. Submit the lesson again from the "
      "recorder."},
     {"device-unknown",
      "The recorder that made this lesson is not enrolled on this platform. Ask whoever "
      "looks after the recorder to enrol it, then submit again."},
     {"key-expired",
      "A key of the recorder had expired when it signed. Ask whoever looks after the recorder."},
     {"clock-set-back", "The recorder's clock was set back when this lesson was recorded or packed."},
     {"key-revoked", "A key of the recorder was revoked, and nothing proves that it signed before that."},
     {"device-log",
      "The recorder was set back to an older state, or there are two of it. Whoever looks after the "
      "platform must look at it."},
     {"key-level", "The recorder does not hold its keys as it did when it was enrolled."},
     {"recording-altered", "The recording does not lead back to what the recorder signed during the lesson."},
     {"clip-altered",
      "A clip is not the unedited piece of the recording that it says it is. Cut it again on "
      "the recorder."},
     {"teacher-altered",
      "The package says that the teacher had signed in, and the recording knows nothing of "
      "it."},
     {"identity-missing",
      "The package does not say whose lesson it is. Submit it from the recorder while it "
      "is connected to this platform."},
     {"identity-unreadable",
      "The part that says whose lesson it is was not made for this platform. Submit "
      "the lesson again from the recorder."},
     {"catalogue-unknown",
      "The lesson was marked with another list of ability points than this platform "
      "judges by."},
     {"point-unknown", "This platform does not judge the ability point of this package."},
     {"cannot-check", "Something about the package cannot be checked, so it cannot be taken."}}};

struct Needed {
  std::string_view fact;
  std::array<std::string_view, 3> values;
};

// What must be said of every package that is taken. The clock is not among them: it is told, not asked for.
constexpr std::array<Needed, 11> kNeeded{{{"structure", {"intact", ""}},
                                          {"contents", {"intact", ""}},
                                          {"seal", {"valid", ""}},
                                          {"device", {"known", ""}},
                                          {"certificate", {"valid", "valid-then", "cannot-check"}},
                                          {"revocation", {"not-revoked", "before-revocation", ""}},
                                          {"key-level", {"hardware", "software", ""}},
                                          {"recording", {"signed", ""}},
                                          {"continuity", {"whole", "whole-with-declared-gaps"}},
                                          {"teacher", {"signed-in", "asserted"}},
                                          {"identity", {"sealed", ""}}}};

std::string_view code_of(const evidence::Fact& fact) {
  const auto found = std::find_if(kRefusals.begin(), kRefusals.end(), [&](const Refusal& refusal) {
    return refusal.fact == fact.fact && refusal.value == fact.value;
  });
  if (found != kRefusals.end()) return found->code;
  return fact.bad ? "cannot-check" : "";
}

bool satisfies(const evidence::Fact& fact, const Needed& needed) {
  return std::find(needed.values.begin(), needed.values.end(), fact.value) != needed.values.end();
}

// Said at least once, and nothing else said.
bool is_satisfied(const Needed& needed, const std::vector<evidence::Fact>& facts) {
  bool said = false;
  for (const evidence::Fact& fact : facts) {
    if (fact.fact != needed.fact) continue;
    if (!satisfies(fact, needed)) return false;
    said = true;
  }
  return said;
}

}  // namespace

Reason reason_of_code(std::string_view code, std::string_view detail) {
  const auto found = std::find_if(kSentences.begin(), kSentences.end(),
                                  [&](const Sentence& sentence) { return sentence.code == code; });
  const std::string_view text = found == kSentences.end() ? "" : found->text;
  return {std::string(code), detail.empty() ? std::string(text) : fmt::format("{} ({})", text, detail)};
}

std::vector<Reason> reasons_against(const std::vector<evidence::Fact>& facts) {
  std::vector<Reason> reasons;
  for (const evidence::Fact& fact : facts) {
    const std::string_view code = code_of(fact);
    if (!code.empty()) reasons.push_back(reason_of_code(code, fact.detail));
  }
  if (!reasons.empty()) return reasons;
  for (const Needed& needed : kNeeded) {
    if (!is_satisfied(needed, facts)) reasons.push_back(reason_of_code("cannot-check", needed.fact));
  }
  return reasons;
}

std::vector<Reason> reasons_against(const evidence::PackageSummary& summary,
                                    const config::Catalogue& catalogue) {
  if (summary.catalogue != catalogue.id) {
    return {reason_of_code("catalogue-unknown", fmt::format("it says \"{}\", the platform has \"{}\"",
                                                            summary.catalogue, catalogue.id))};
  }
  if (const auto point = catalogue.require(summary.point); !point)
    return {reason_of_code("point-unknown", point.error().message)};
  return {};
}

std::string reasons_json(const std::vector<Reason>& reasons) {
  Json list = Json::array();
  for (const Reason& reason : reasons) list.push_back({{"code", reason.code}, {"text", reason.text}});
  return canonical_json(list);
}

}  // namespace shilu::platform
