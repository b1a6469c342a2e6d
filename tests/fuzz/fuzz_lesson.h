#pragma once
// One tiny lesson and one package of it, always of the same keys and the same bytes, and the keys themselves:
// so that a target can sign whatever an input says, as an attacker with a device of his own can.

#include "tests/evidence/evidence_fixture.h"

namespace shilu::fuzz {

// Throws std::runtime_error where there is no disk.
class FuzzLesson {
 public:
  FuzzLesson();

  std::filesystem::path lesson() const { return directory_ / "lesson"; }
  std::filesystem::path package() const { return directory_ / "package.zip"; }
  std::filesystem::path scratch(std::string_view name) const { return directory_ / name; }
  const CertifiedKey& recording_key() const { return *recording_; }
  const CertifiedKey& seal_key() const { return *seal_; }
  const SigningKey& device_key() const { return *device_; }
  const test::Pieces& pieces() const { return pieces_; }  // of the package
  std::string lesson_json() const;

 private:
  test::TemporaryDirectory directory_;
  std::optional<CertifiedKey> recording_, seal_;
  std::optional<SigningKey> device_;
  test::Pieces pieces_;
};

const FuzzLesson& fuzz_lesson();

// The records of a journal (without its first eight bytes) with lengths and CRCs that fit.
Bytes mended_records(ByteView records);

}  // namespace shilu::fuzz
