#pragma once
// A TPM 2.0 in software (swtpm) on Unix sockets, for tests of keys in hardware. Where swtpm or OpenSSL's
// provider tpm2 is not installed, available() is false and why_not() says so: the test then passes without a
// claim.

#include <filesystem>
#include <optional>
#include <string>

#include "firmware/base/process.h"
#include "tests/base/temporary_directory.h"

namespace shilu::test {

class SoftwareTpm {
 public:
  SoftwareTpm();
  ~SoftwareTpm();
  SoftwareTpm(const SoftwareTpm&) = delete;
  SoftwareTpm& operator=(const SoftwareTpm&) = delete;

  bool available() const { return why_not_.empty(); }
  const std::string& why_not() const { return why_not_; }
  std::string tcti() const;
  void freeze() const;  // it takes commands and answers none
  void thaw() const;

 private:
  bool answers() const;
  TemporaryDirectory directory_;
  std::optional<ChildProcess> process_;
  std::string why_not_;
};

}  // namespace shilu::test

// Goes on only with a TPM: SHILU_NEEDS(tpm);
#define SHILU_NEEDS(tpm)                    \
  do {                                      \
    if (!(tpm).available()) {               \
      WARN("skipped: " << (tpm).why_not()); \
      return;                               \
    }                                       \
  } while (false)
