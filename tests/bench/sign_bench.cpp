// Signs checkpoints as the recorder does and tells what it cost: for bench_signing.py.
//   shilu-sign-bench --count N [--tpm TCTI]   ->   {"count","cpu_s","wall_s","line_bytes"}

#include <ctime>

#include <cstdlib>
#include <iostream>
#include <string>

#include "capture/journal/checkpoint.h"
#include "firmware/base/clock.h"
#include "firmware/base/json_io.h"
#include "tests/base/temporary_directory.h"

using namespace shilu;

namespace {

// Of all threads of this process: a TPM is called on one of its own.
double cpu_seconds() {
  timespec time{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

}  // namespace

int main(int argc, char** argv) {
  int count = 1000;
  std::string tpm;
  for (int i = 1; i + 1 < argc; i += 2) {
    if (argv[i] == std::string("--count")) count = std::atoi(argv[i + 1]);
    if (argv[i] == std::string("--tpm")) tpm = argv[i + 1];
  }
  const test::TemporaryDirectory directory;
  const auto key = SigningKey::load_or_create(directory / "key", tpm);
  if (!key) {
    std::cerr << key.error().message << '\n';
    return 1;
  }
  const SystemClock clock;
  journal::Checkpoint head;
  head.lesson_id = "01938b6e-7e5f-7cc3-8b12-0a5a3c9f2e11";
  head.reason = "time";
  std::size_t line_bytes = 0;
  const auto begin = clock.monotonic();
  const double cpu_begin = cpu_seconds();
  for (int i = 0; i < count; ++i) {
    head.tree_size = static_cast<std::uint64_t>(i) + 1;
    head.utc = to_rfc3339(clock.wall());
    const auto made = journal::sign_checkpoint(head, *key);
    if (!made) {
      std::cerr << made.error().message << '\n';
      return 1;
    }
    line_bytes = made->line.size() + 1;
  }
  const Json told{{"count", count},
                  {"cpu_s", cpu_seconds() - cpu_begin},
                  {"wall_s", static_cast<double>((clock.monotonic() - begin).count()) / 1e9},
                  {"line_bytes", line_bytes}};
  std::cout << canonical_json(told) << '\n';
  return 0;
}
