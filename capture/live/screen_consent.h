#pragma once
// What lets a shared screen be recorded again without asking: the restore token that the desktop's portal
// gave when somebody had agreed. It is good for one session; each session brings the next one. Lives longer
// than the attempts at the source. Thread-bound.

#include <filesystem>
#include <string>

namespace shilu::live {

enum class Asking { kAllowed, kNever };  // never: a quick look opens no dialogue

class ScreenConsent {
 public:
  // With a file, the token outlives the process; without (empty), only this process knows it.
  ScreenConsent(std::filesystem::path file, Asking asking);

  const std::string& token() const { return token_; }  // empty: somebody has to be asked
  bool may_ask() const { return asking_ == Asking::kAllowed; }
  // The token of the next session; empty forgets. A file that cannot be written is told in the log: the
  // screen is recorded nevertheless.
  void keep(const std::string& token);

 private:
  std::filesystem::path file_;
  Asking asking_;
  std::string token_;
};

}  // namespace shilu::live
