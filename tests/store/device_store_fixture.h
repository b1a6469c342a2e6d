#pragma once
// A device's database with a clock that moves only when told. PINs are hashed for real: make few teachers.

#include "firmware/store/device_store.h"
#include "tests/base/temporary_directory.h"

namespace shilu::test {

inline constexpr std::string_view kPin = "135790";

class DeviceStoreFixture {
 public:
  std::filesystem::path file() const { return directory_ / "device.db"; }
  store::DeviceStore another() const { return std::move(store::DeviceStore::open(file(), clock).value()); }

  // A lesson of the teacher (nullopt: a guest's), stored.
  store::Lesson add_lesson(std::optional<std::string> teacher = "T001");
  store::Clip add_clip(const store::Lesson& lesson);
  store::Submission add_submission();  // kPacking, of a new lesson and clip of T001
  store::Submission add_queued();
  void add_teachers();  // T001 王老师 and T002 李老师, both with kPin; T001 first

  ManualClock clock;

 private:
  TemporaryDirectory directory_;

 public:
  store::DeviceStore store = another();
};

std::string fake_sha256();  // another one each time

}  // namespace shilu::test
