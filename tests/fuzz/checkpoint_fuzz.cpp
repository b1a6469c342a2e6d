// capture/journal: checkpoint, check_checkpoints. First byte: 0 - the lines as they are; else each line is a
// payload that the lesson's recording key signs.

#include "capture/journal/checker.h"
#include "capture/journal/checkpoint.h"
#include "capture/journal/checkpoint_file.h"
#include "capture/journal/file_names.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/fuzz_lesson.h"

using namespace shilu;
using namespace shilu::journal;

namespace {

std::string signed_lines(std::string_view payloads) {
  std::string text;
  while (!payloads.empty()) {
    const auto line = payloads.substr(0, payloads.find('\n'));
    payloads.remove_prefix(std::min(payloads.size(), line.size() + 1));
    text += dsse_sign(kCheckpointType, as_bytes(line), fuzz::fuzz_lesson().recording_key().key)
                .value()
                .to_json() +
            "\n";
  }
  return text;
}

void read_text(std::string_view text) {
  const auto prefix = read_checkpoint_prefix(text);
  fuzz::promise(prefix.size <= text.size(), "what is sound lies in the text");
  for (const auto& one : prefix.checkpoints) {
    const auto again = Checkpoint::from_payload(one.checkpoint.payload());
    fuzz::promise(again && again->payload() == one.checkpoint.payload(), "a checkpoint can be written again");
  }
}

void check_folder(std::string_view text) {
  const auto& lesson = fuzz::fuzz_lesson().lesson();
  const auto file = test::must(posix_file_system().open(lesson / kCheckpoints, OpenMode::kCreateOrOpen));
  test::must(file->truncate(0));
  test::must(file->write_at(0, as_bytes(text)));
  const auto report = check_lesson(lesson);
  fuzz::promise(report && report->signed_leaves <= report->leaves, "no more is signed than is there");
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  const bool as_they_are = input.u8() == 0;
  const auto rest = as_text(input.rest());
  const std::string text = as_they_are ? std::string(rest) : signed_lines(rest);
  read_text(text);
  check_folder(text);
  return 0;
}
