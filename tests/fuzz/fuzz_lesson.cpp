#include "tests/fuzz/fuzz_lesson.h"

#include "firmware/base/digest.h"
#include "firmware/base/file_system.h"
#include "firmware/base/json_io.h"
#include "tests/base/test_keys.h"

namespace shilu::fuzz {
namespace {

// Made for this purpose; they sign nothing else.
constexpr std::string_view kDeviceKey =
    "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIBzW/n/IZv59NOzUWugXAikQxm5l4xmy8H10r/S2ajBK\n-----END "
    "PRIVATE KEY-----\n";
constexpr std::string_view kRecordingKey =
    "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEID3Bnuhq8NzHm5YiPWc3nb7Psy+Sbj1CH1ApC0+z8QsK\n-----END "
    "PRIVATE KEY-----\n";
constexpr std::string_view kSealKey =
    "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIPeEgQHtRjK1drSt17pnkIKcvPGbtlzvtIpuSYe8piq4\n-----END "
    "PRIVATE KEY-----\n";

void write_key(const std::filesystem::path& file, std::string_view pem) {
  test::must(write_new_file_atomic(file, as_bytes(pem), 0600));
}

}  // namespace

FuzzLesson::FuzzLesson() {
  const auto keys = directory_ / "keys";
  test::must(posix_file_system().create_directories(keys));
  write_key(keys / "device.key", kDeviceKey);
  write_key(keys / "recording.key", kRecordingKey);
  write_key(keys / "seal.key", kSealKey);
  device_ = test::must(SigningKey::load(keys / "device.key"));
  // Certified by a clock that always begins at one moment: so the lesson has the same bytes in every run.
  recording_ = test::certified(keys, KeyRole::kRecording);
  seal_ = test::certified(keys, KeyRole::kSeal);
  test::TinyRecipe recipe;
  recipe.signed_in = test::teacher_wang();
  recipe.hole_ms = {2200, 2800};
  test::write_tiny_lesson(lesson(), keys, recipe);
  test::build(test::request_of(lesson()), keys, package());
  pieces_ = test::take_apart(package());
}

std::string FuzzLesson::lesson_json() const {
  return std::string(as_text(pieces_.files.at("proof/lesson.json")));
}

const FuzzLesson& fuzz_lesson() {
  static const FuzzLesson lesson;
  return lesson;
}

Bytes mended_records(ByteView records) {
  constexpr std::size_t kFrame = 8;
  Bytes out;
  while (records.size() > kFrame) {
    ByteReader reader(records);
    const std::size_t size = std::min<std::size_t>(reader.u32(), records.size() - kFrame);
    const ByteView body = records.subspan(kFrame, std::max<std::size_t>(size, 1));
    put_u32(out, static_cast<std::uint32_t>(body.size()));
    put_u32(out, crc32(body));
    put_bytes(out, body);
    records = records.subspan(kFrame + body.size());
  }
  return out;
}

}  // namespace shilu::fuzz
