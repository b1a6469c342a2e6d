#include "tests/evidence/catalogue_fixture.h"

namespace shilu::test {
namespace {

constexpr const char* kFolder = "the lesson's folder";

evidence::VerifyReport changed(const std::function<void(const std::filesystem::path&)>& change) {
  TemporaryDirectory directory;
  TinyRecipe recipe;
  recipe.seconds = 12;
  write_tiny_lesson(directory / "lesson", directory / "keys", recipe);
  change(directory / "lesson");
  return verify_file(directory / "lesson");
}

void edit(const std::filesystem::path& file, const std::function<void(Bytes&)>& change) {
  Bytes bytes = read_bytes(file);
  change(bytes);
  write_bytes(file, bytes);
}

}  // namespace

std::vector<Attack> attacks_on_folders() {
  return {
      {"flip a bit of the picture", kFolder, "contents",
       [] {
         return changed([](const auto& lesson) {
           edit(lesson / "room.video/e000.mp4", [](Bytes& b) { b[b.size() / 2] ^= 1; });
         });
       }},
      {"flip a bit of the journal", kFolder, "recording",
       [] {
         return changed(
             [](const auto& lesson) { edit(lesson / "journal", [](Bytes& b) { b[b.size() / 2] ^= 1; }); });
       }},
      {"cut records off the signed journal", kFolder, "recording",
       [] {
         return changed([](const auto& lesson) {
           edit(lesson / "journal", [](Bytes& b) { b.resize(b.size() * 3 / 4); });
         });
       }},
      {"take the signatures away", kFolder, "recording",
       [] { return changed([](const auto& lesson) { write_bytes(lesson / "checkpoints", {}); }); }},
      {"take the first checkpoint out", kFolder, "recording",
       [] {
         return changed([](const auto& lesson) {
           edit(lesson / "checkpoints",
                [](Bytes& b) { b.erase(b.begin(), std::find(b.begin(), b.end(), '\n') + 1); });
         });
       }},
      {"cut the picture's file short", kFolder, "contents",
       [] {
         return changed([](const auto& lesson) {
           edit(lesson / "room.video/e000.mp4", [](Bytes& b) { b.resize(b.size() / 2); });
         });
       }},
      {"replace lesson.json", kFolder, "structure",
       [] {
         return changed([](const auto& lesson) { write_bytes(lesson / "lesson.json", to_bytes("{}")); });
       }},
  };
}

}  // namespace shilu::test
