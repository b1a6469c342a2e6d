#pragma once
// Which lessons' media may go, and taking them away: only what the platform has acknowledged with a receipt
// that the pinned key signed for this very package, and only after a grace time
// (config/retention_settings.h). A lesson with a mark, a clip or a submission that no receipt covers stays,
// however old it is. docs/design/uploading.md, "What may go". Thread-bound; the store is borrowed.

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "config/retention_settings.h"
#include "firmware/base/keys.h"
#include "firmware/store/device_store.h"
#include "upload/sender/first_seen.h"

namespace shilu::sender {

// What is to become of one lesson, and why.
struct Judgement {
  store::Lesson lesson;
  bool may_go = false;
  // Stable. It may go: "receipted", "unmarked". It stays: "recording", "young", "marked", "not-submitted",
  // "not-acknowledged", "receipt", "grace", "unmarked-kept", "unreadable", "elsewhere".
  std::string code;
  std::string text;  // a sentence
};

class Retention {
 public:
  struct Options {
    config::RetentionSettings rules;
    std::filesystem::path lessons_directory;
    std::filesystem::path receipts_directory;  // where receipts stay when their lesson goes: <lesson>/…
    FirstSeen first_seen;                      // a lesson that is not in it was seen just now
    std::optional<PublicKey> receipt_key;      // pinned; nullopt: no receipt counts
  };
  Retention(store::DeviceStore& store, Options options);

  // Of every lesson whose folder is there, oldest first. Changes nothing.
  Result<std::vector<Judgement>> judge(WallTime now);
  Judgement judge(const store::Lesson& lesson, WallTime now);
  // Takes away the folder and its packages, delivered or withdrawn; keeps receipts and verdicts, and the rows
  // that speak of them. Killed at any moment, the lesson is either whole or gone, and finish_removals() takes
  // the rest.
  Status remove(const store::Lesson& lesson);
  Status finish_removals();

 private:
  struct Pieces;
  Result<Pieces> pieces_of(const store::Lesson& lesson);
  std::int64_t age_ms(const store::Lesson& lesson, WallTime now) const;
  Judgement judge_unmarked(const store::Lesson& lesson, std::int64_t age) const;
  std::optional<Judgement> objection(const store::Lesson& lesson, const Pieces& pieces, WallTime now) const;
  std::optional<std::string> receipt_objection(const store::Submission& submission, WallTime now,
                                               std::string& text) const;
  Status finish_removal(const std::filesystem::path& going, const std::string& lesson_id);
  Status keep_receipts(const store::Lesson& lesson) const;

  store::DeviceStore& store_;
  const Options options_;
};

}  // namespace shilu::sender
