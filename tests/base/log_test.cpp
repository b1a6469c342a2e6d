#include "firmware/base/log.h"

#include <unistd.h>

#include <fcntl.h>
#include <catch2/catch.hpp>

#include "firmware/base/file_system.h"
#include "firmware/base/unique_fd.h"
#include "tests/base/temporary_directory.h"

using namespace shilu;

namespace {

// What `speak` writes to standard error.
template <typename Speak>
std::string stderr_of(Speak speak) {
  const test::TemporaryDirectory directory;
  const UniqueFd file(::open((directory / "log").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  const UniqueFd saved(::dup(STDERR_FILENO));
  ::dup2(file.get(), STDERR_FILENO);
  speak();
  ::dup2(saved.get(), STDERR_FILENO);
  return read_text_file(directory / "log").value();
}

}  // namespace

TEST_CASE("an event is one line with its level as systemd reads it") {
  const auto text = stderr_of([] {
    set_log_identity("shilu-recorder", LogLevel::kInfo);
    log_error("disk: cannot write code={}", 7);
    log_warning("slow");
    log_info("two\nlines\r\n");
    log_debug("unseen");
  });
  CHECK(text ==
        "<3>shilu-recorder: disk: cannot write code=7\n<4>shilu-recorder: slow\n"
        "<6>shilu-recorder: two lines  \n");
}

TEST_CASE("the threshold decides what is written") {
  const auto text = stderr_of([] {
    set_log_identity("a-name-that-is-much-longer-than-there-is-room-for", LogLevel::kError);
    log_warning("unseen");
    log_error("seen");
    set_log_identity("d", LogLevel::kDebug);
    log_debug("seen too");
  });
  CHECK(text == "<3>a-name-that-is-much-longer-than: seen\n<7>d: seen too\n");
  set_log_identity("", LogLevel::kInfo);
}
