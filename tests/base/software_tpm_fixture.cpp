#include "tests/base/software_tpm_fixture.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <thread>

#include "firmware/base/unique_fd.h"

namespace shilu::test {
namespace {

constexpr auto kStartLimit = std::chrono::seconds(20);
constexpr auto kProbeInterval = std::chrono::milliseconds(20);

std::string server_socket(const TemporaryDirectory& directory) {
  return (directory / "s").string();
}

}  // namespace

SoftwareTpm::SoftwareTpm() {
  if (std::system("test -e \"$(openssl version -m | cut -d '\"' -f 2)/tpm2.so\"") != 0) {
    why_not_ = "OpenSSL's provider tpm2 is not installed (tpm2-openssl)";
    return;
  }
  ProcessOptions options;
  options.program = "swtpm";
  const std::string socket = server_socket(directory_);
  options.arguments = {"socket",     "--tpm2",
                       "--tpmstate", "dir=" + directory_.path().string(),
                       "--server",   "type=unixio,path=" + socket,
                       "--ctrl",     "type=unixio,path=" + socket + ".ctrl",
                       "--flags",    "not-need-init,startup-clear"};
  options.log_file = directory_ / "log";
  auto started = ChildProcess::start(options);
  if (!started) {
    why_not_ = started.error().message;
    return;
  }
  process_ = std::move(*started);
  const auto deadline = std::chrono::steady_clock::now() + kStartLimit;
  while (!answers()) {
    if (process_->poll() || std::chrono::steady_clock::now() > deadline) {
      why_not_ = "swtpm does not come up";
      return;
    }
    std::this_thread::sleep_for(kProbeInterval);  // between looks for its sockets
  }
}

SoftwareTpm::~SoftwareTpm() {
  if (!process_) return;
  thaw();
  process_->stop(std::chrono::seconds(5));
}

std::string SoftwareTpm::tcti() const {
  return "swtpm:path=" + server_socket(directory_);
}

void SoftwareTpm::freeze() const {
  ::kill(process_->pid(), SIGSTOP);
}
void SoftwareTpm::thaw() const {
  ::kill(process_->pid(), SIGCONT);
}

bool SoftwareTpm::answers() const {
  for (const auto& path : {server_socket(directory_), server_socket(directory_) + ".ctrl"}) {
    const UniqueFd probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path.c_str(), sizeof(address.sun_path) - 1);
    if (::connect(probe.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0)
      return false;
  }
  return true;
}

}  // namespace shilu::test
