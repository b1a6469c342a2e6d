#pragma once
// Small lessons with real signatures and made-up media, the packages built of them, and the hands of an
// attacker: a package taken apart and put together again.

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "capture/journal/record.h"
#include "config/catalogue.h"
#include "firmware/base/certificate.h"
#include "firmware/base/clock.h"
#include "tests/base/temporary_directory.h"
#include "upload/evidence/package.h"
#include "upload/evidence/verify.h"

namespace shilu::test {

// Value or a failed test.
template <typename T>
T must(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().message);
  return std::move(*result);
}
inline void must(const Status& status) {
  if (!status) throw std::runtime_error(status.error().message);
}

evidence::TeacherIdentity teacher_wang();

// 5 pictures a second, a key picture every second, sound of 8 kHz; a few kilobytes per second.
struct TinyRecipe {
  int seconds = 6;
  std::vector<std::string> sources{"room"};
  std::optional<evidence::TeacherIdentity> signed_in;
  std::optional<std::pair<int, int>> hole_ms;  // fragments that touch it are not there
  bool hole_declared = true;
  bool synchronised = true;
  std::optional<std::pair<int, int>> deleted_ms;  // fragments that touch it are deleted just before the stop
  std::vector<Mark> marks;
  std::vector<std::string> undone;  // ids of marks, taken back at the end
  std::optional<int> change_ms;     // from here on the camera sends larger pictures: another epoch
  int checkpoint_ms = 5000;         // how often it is signed
  bool stop = true;                 // else the power goes: the last seconds are not signed
  std::string platform_nonce;       // DSSE envelope, JSON
  bool another = false;             // another lesson: another id, other pictures and sound
  std::optional<WallTime> at;       // when it was recorded; else a ManualClock's time
};
struct TinyLesson {
  std::filesystem::path directory;
  std::filesystem::path keys;
};
TinyLesson write_tiny_lesson(const std::filesystem::path& directory, const std::filesystem::path& keys,
                             const TinyRecipe& recipe = {});
void write_tiny_lesson(const std::filesystem::path& directory, const CertifiedKey& key,
                       const TinyRecipe& recipe);

config::AbilityPoint a6();
// One clip of all of `seconds` from 1 s to 4 s of "room", lesson plan and reflection, teacher Wang.
evidence::PackageRequest request_of(const std::filesystem::path& lesson);
evidence::BuiltPackage build(const evidence::PackageRequest& request, const std::filesystem::path& keys,
                             const std::filesystem::path& out);

// The value of a fact ("" if it was not told), for a clip if there are several.
std::string value_of(const evidence::VerifyReport& report, std::string_view fact, int clip = 0);
std::string detail_of(const evidence::VerifyReport& report, std::string_view fact);
// All of them in one line, for messages.
std::string told(const evidence::VerifyReport& report);
evidence::VerifyReport verify_file(const std::filesystem::path& file,
                                   const evidence::VerifyOptions& options = {});

// A package in pieces. Names are those inside the bag.
struct Pieces {
  std::string bag;
  std::map<std::string, Bytes> files;

  // A canonical zip of them, whatever they are.
  void write(const std::filesystem::path& out) const;
  // Makes both manifests and the bag's name fit again.
  void make_manifests();
  // Signs what is there now; the certificate goes with it.
  void seal(const CertifiedKey& key);
};
Pieces take_apart(const std::filesystem::path& package);

void write_bytes(const std::filesystem::path& file, ByteView bytes);
Bytes read_bytes(const std::filesystem::path& file);

}  // namespace shilu::test
