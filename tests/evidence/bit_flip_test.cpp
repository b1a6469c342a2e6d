// One flipped bit anywhere is found, by the fact that it belongs to.

#include <fcntl.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <fstream>

#include "firmware/base/sealed_box.h"
#include "tests/evidence/evidence_fixture.h"
#include "upload/evidence/package_reader.h"

using namespace shilu;
using namespace shilu::evidence;
using namespace shilu::test;

namespace {

class FlippedFile {
 public:
  explicit FlippedFile(const std::filesystem::path& path)
      : path_(path), bytes_(read_bytes(path)), fd_(::open(path.c_str(), O_RDWR)) {}
  ~FlippedFile() { ::close(fd_); }
  VerifyReport verify_with(std::size_t byte, int bit) {
    write(byte, static_cast<std::uint8_t>(bytes_[byte] ^ 1u << bit));
    auto report = verify_file(path_);
    write(byte, bytes_[byte]);
    return report;
  }
  std::size_t size() const { return bytes_.size(); }

 private:
  void write(std::size_t byte, std::uint8_t value) {
    if (::pwrite(fd_, &value, 1, static_cast<off_t>(byte)) != 1) throw std::runtime_error("pwrite");
  }
  std::filesystem::path path_;
  Bytes bytes_;
  int fd_;
};

}  // namespace

TEST_CASE("every bit of the zip structure and a sample of all others is accounted for") {
  TemporaryDirectory directory;
  const auto lesson = write_tiny_lesson(directory / "lesson", directory / "keys");
  auto request = request_of(lesson.directory);
  request.documents.resize(1);
  write_bytes(directory / "note.txt", to_bytes("a short note"));
  request.documents[0] = {"教学设计", directory / "note.txt", "text/plain"};
  request.identity_key = BoxKeyPair::generate().public_key;
  const auto built = build(request, lesson.keys, directory / "p.zip");
  const auto reader = must(PackageReader::open(built.file));
  std::vector<bool> is_data(built.size_bytes, false);
  for (const auto& [name, entry] : reader.entries())
    std::fill_n(is_data.begin() + static_cast<std::ptrdiff_t>(entry.offset), entry.size, true);
  FlippedFile file(built.file);
  std::size_t structure = 0, data = 0;
  std::vector<std::string> unseen;
  for (std::size_t byte = 0; byte < file.size(); ++byte) {
    for (int bit = 0; bit < 8; ++bit) {
      // Of the files' bytes one bit of every third: each is under the same CRC and hash as its neighbours.
      if (is_data[byte] && (byte % 3 != 0 || bit != static_cast<int>(byte / 3 % 8))) continue;
      ++(is_data[byte] ? data : structure);
      const auto report = file.verify_with(byte, bit);
      const std::string expected = is_data[byte] ? "contents" : "structure";
      if (report.refuted() && value_of(report, expected) == "altered") continue;
      unseen.push_back("byte " + std::to_string(byte) + " bit " + std::to_string(bit) + ": " + told(report));
    }
  }
  for (const auto& one : unseen) UNSCOPED_INFO(one);
  CHECK(unseen.empty());
  // 14 files: local headers of 30 bytes and a name, central headers of 46 and a name, the end of 22.
  CHECK(structure > 14u * 8 * (30 + 46) + 22 * 8);
  CHECK(data > 3000);
  CHECK_FALSE(verify_file(built.file).refuted());
}
