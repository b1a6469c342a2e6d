// shilu-pac SCRIPT URL HOST: what a proxy auto-configuration script answers, on stdout. The script comes from
// the network and may be anything: it gets a process with seconds of CPU time and little memory. Started by
// shilud.

#include <sys/resource.h>

#include <cstdio>

#include "firmware/base/file_system.h"
#include "firmware/http/pac_engine.h"

namespace {

constexpr rlim_t kCpuSeconds = 3;
constexpr rlim_t kMemory = 512u << 20;

void limit(int what, rlim_t most) {
  const rlimit both{most, most};
  ::setrlimit(static_cast<__rlimit_resource_t>(what), &both);
}

int answer(const char* file, const char* url, const char* host) {
  const auto script = shilu::read_text_file(file, 1u << 20);
  const auto found = script ? shilu::http::run_pac(*script, url, host) : script;
  if (!found) return 1;
  std::fputs(found->c_str(), stdout);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  limit(RLIMIT_CPU, kCpuSeconds);
  limit(RLIMIT_AS, kMemory);
  limit(RLIMIT_CORE, 0);
  limit(RLIMIT_FSIZE, 1u << 20);
  return answer(argv[1], argv[2], argv[3]);
}
