// capture/journal: record, event_json, record_index, lesson_folder, source_movie, fragment_heads, the
// checker. The input stands behind the journal's first eight bytes in the folder of a lesson whose media are
// there.

#include "capture/journal/checker.h"
#include "capture/journal/file_names.h"
#include "capture/journal/lesson_folder.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/fuzz_lesson.h"

using namespace shilu;
using namespace shilu::journal;

namespace {

void read_records(ByteView bytes) {
  while (true) {
    const auto decoded = decode(bytes);
    if (!decoded || !*decoded) return;
    const auto& one = **decoded;
    fuzz::promise(one.size <= bytes.size(), "a record lies in its bytes");
    const auto again = decode(encode(one.record));
    fuzz::promise(again && *again, "a record can be written and read again");
    bytes = bytes.subspan(one.size);
  }
}

void write(const std::filesystem::path& file, ByteView bytes) {
  const auto out = test::must(posix_file_system().open(file, OpenMode::kCreateOrOpen));
  test::must(out->truncate(0));
  test::must(out->write_at(0, bytes));
}

void read_lesson(const std::filesystem::path& directory) {
  const auto report = check_lesson(directory);
  fuzz::promise(report.has_value(), "a folder with a lesson.json can be checked");
  const auto lesson = LessonFolder::open(directory);
  fuzz::promise(lesson.has_value(), "a folder with a lesson.json can be opened");
  lesson->marks();
  fuzz::promise(lesson->leaf_hashes().size() == lesson->records().size() + 1, "every record is a leaf");
  for (const auto& range :
       {std::optional<TimeRange>(), std::optional(TimeRange{{0}, LessonTime::from_ms(1500)})}) {
    const auto movie = lesson->movie("room", range);
    if (movie) fuzz::promise(movie->movie.size_bytes < 1u << 30, "a tiny lesson makes no huge movie");
  }
}

}  // namespace

std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t max_size,
                                    unsigned seed) {
  return fuzz::mutate_and_repair(data, size, max_size, seed, fuzz::mended_records);
}

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  read_records({data, size});
  Bytes journal = to_bytes(kMagic);
  put_bytes(journal, {data, size});
  write(fuzz::fuzz_lesson().lesson() / kJournal, journal);
  read_lesson(fuzz::fuzz_lesson().lesson());
  return 0;
}
