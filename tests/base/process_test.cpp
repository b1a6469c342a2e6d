#include "firmware/base/process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <fstream>

#include "firmware/base/file_system.h"
#include "firmware/base/unique_fd.h"
#include "tests/base/eventually.h"
#include "tests/base/temporary_directory.h"

using namespace shilu;
using namespace std::chrono_literals;
using test::eventually;

namespace {

ProcessOptions shell(const std::string& script) {
  ProcessOptions options;
  options.program = "/bin/sh";
  options.arguments = {"-c", script};
  return options;
}

int exit_of(ChildProcess& child) {
  REQUIRE(eventually([&] { return child.poll().has_value(); }));
  return *child.poll();
}

// Gone, or a zombie that nobody has reaped.
bool has_ended(pid_t pid) {
  std::ifstream file(fmt::format("/proc/{}/stat", pid));
  std::string line;
  if (!std::getline(file, line)) return true;
  return line[line.rfind(')') + 2] == 'Z';
}

// Starts a sleeper from a process of its own, which dies at once by `signal`; gives the sleeper.
pid_t sleeper_of_a_dead_parent(Lifetime lifetime) {
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  const pid_t parent = ::fork();
  if (parent == 0) {
    auto options = shell("exec sleep 100");
    options.lifetime = lifetime;
    const pid_t pid = ChildProcess::start(options).value().pid();
    [[maybe_unused]] const auto written = ::write(ends[1], &pid, sizeof(pid));
    ::kill(::getpid(), SIGKILL);
  }
  const UniqueFd reader(ends[0]);
  const UniqueFd writer(ends[1]);
  pid_t pid = -1;
  REQUIRE(::read(reader.get(), &pid, sizeof(pid)) == sizeof(pid));
  REQUIRE(::waitpid(parent, nullptr, 0) == parent);
  return pid;
}

}  // namespace

TEST_CASE("a child gets its arguments and variables and its exit status comes back") {
  const test::TemporaryDirectory directory;
  auto options = shell("printf '%s|%s|%s' \"$0\" \"$1\" \"$SHILU_X\"; echo; echo error >&2; exit 7");
  options.arguments.insert(options.arguments.end(), {"a b", "$HOME 'x'"});
  options.extra_environment = {"SHILU_X=课 堂"};
  options.log_file = directory / "log";
  auto child = ChildProcess::start(options).value();
  CHECK(child.pid() > 0);
  CHECK(exit_of(child) == 7);
  CHECK(child.poll() == 7);
  CHECK(read_text_file(directory / "log").value() == "a b|$HOME 'x'|课 堂\nerror\n");
}

TEST_CASE("output is appended to the log, and a variable given replaces the inherited one") {
  const test::TemporaryDirectory directory;
  ::setenv("SHILU_Y", "inherited", 1);
  for (const auto* value : {"SHILU_Y=first", "SHILU_Y=second"}) {
    auto options = shell("echo $SHILU_Y");
    options.extra_environment = {value};
    options.log_file = directory / "log";
    auto child = ChildProcess::start(options).value();
    CHECK(exit_of(child) == 0);
  }
  CHECK(read_text_file(directory / "log").value() == "first\nsecond\n");
}

TEST_CASE("a program that cannot be executed is an error at once") {
  ProcessOptions options;
  options.program = "/none/at/all";
  CHECK(ChildProcess::start(options).error().kind == ErrorKind::kNotFound);
  options.program = "/etc/passwd";
  CHECK(ChildProcess::start(options).error().kind == ErrorKind::kPermissionDenied);
  CHECK_THAT(ChildProcess::start(options).error().message, Catch::Contains("/etc/passwd"));
}

TEST_CASE("a bare name is looked up, a log that cannot be opened is said") {
  ProcessOptions options;
  options.program = "true";
  auto child = ChildProcess::start(options).value();
  CHECK(exit_of(child) == 0);
  options.log_file = "/none/log";
  CHECK(ChildProcess::start(options).error().kind == ErrorKind::kNotFound);
}

TEST_CASE("stopping ends a willing child by SIGTERM and an unwilling one by SIGKILL") {
  auto willing = ChildProcess::start(shell("exec sleep 100")).value();
  CHECK_FALSE(willing.poll());
  CHECK(willing.stop(10s) == 128 + SIGTERM);
  CHECK(willing.poll() == 128 + SIGTERM);

  const test::TemporaryDirectory directory;
  auto options = shell("trap '' TERM; echo ready; while :; do sleep 0.1; done");
  options.log_file = directory / "log";
  auto unwilling = ChildProcess::start(options).value();
  REQUIRE(eventually([&] { return read_text_file(directory / "log").value() == "ready\n"; }));
  CHECK(unwilling.stop(50ms) == 128 + SIGKILL);
}

TEST_CASE("stopping a child that has ended gives its status") {
  auto child = ChildProcess::start(shell("exit 3")).value();
  CHECK(exit_of(child) == 3);
  CHECK(child.stop(1s) == 3);
}

TEST_CASE("a child with its parent's lifetime ends when the parent is killed, a detached one goes on") {
  const pid_t bound = sleeper_of_a_dead_parent(Lifetime::kWithParent);
  CHECK(eventually([&] { return has_ended(bound); }));

  const pid_t detached = sleeper_of_a_dead_parent(Lifetime::kDetached);
  CHECK_FALSE(has_ended(detached));
  CHECK(::getsid(detached) == detached);
  ::kill(detached, SIGKILL);
  CHECK(eventually([&] { return has_ended(detached); }));
}

TEST_CASE("a child inherits no descriptor of ours, reads nothing, and its signals are as new") {
  const test::TemporaryDirectory directory;
  const UniqueFd null(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  const UniqueFd leaky(::fcntl(null.get(), F_DUPFD, 100));  // without O_CLOEXEC
  REQUIRE(leaky.get() >= 100);
  ::signal(SIGPIPE, SIG_IGN);
  auto options =
      shell(fmt::format("test -e /proc/$$/fd/{} && echo leaked; readlink /proc/$$/fd/0; "
                        "grep SigIgn /proc/$$/status",
                        leaky.get()));
  options.log_file = directory / "log";
  auto child = ChildProcess::start(options).value();
  CHECK(exit_of(child) == 0);
  ::signal(SIGPIPE, SIG_DFL);
  CHECK(read_text_file(directory / "log").value() == "/dev/null\nSigIgn:\t0000000000000000\n");
}

TEST_CASE("programs stand beside the running one") {
  CHECK(std::filesystem::exists(program_directory() / "shilu_test_base"));
}
