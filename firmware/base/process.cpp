#include "firmware/base/process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <ctime>

#include "firmware/base/unique_fd.h"

extern char** environ;

namespace shilu {
namespace {

int exit_code_of(int status) {
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

std::string_view name_of(std::string_view assignment) {
  return assignment.substr(0, assignment.find('='));
}

std::vector<std::string> environment_with(const std::vector<std::string>& extra) {
  std::vector<std::string> result;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const auto overridden = [&](const std::string& other) { return name_of(other) == name_of(*entry); };
    if (std::none_of(extra.begin(), extra.end(), overridden)) result.emplace_back(*entry);
  }
  result.insert(result.end(), extra.begin(), extra.end());
  return result;
}

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
  std::vector<char*> result;
  for (auto& text : texts) result.push_back(text.data());
  result.push_back(nullptr);
  return result;
}

// All that the child needs, made before the fork: between fork and exec only async-signal-safe calls are
// allowed.
struct Launch {
  const char* program = nullptr;
  char** arguments = nullptr;
  char** environment = nullptr;
  Lifetime lifetime = Lifetime::kWithParent;
  pid_t parent = 0;
  int null_input = -1;
  int output = -1;  // -1: inherited
  int report = -1;  // takes errno if exec fails; closed by a good exec
};

[[noreturn]] void give_up(int report) {
  const int error = errno;
  [[maybe_unused]] const auto written = ::write(report, &error, sizeof(error));
  ::_exit(127);
}

void restore_default_signals() {
  for (int number = 1; number < NSIG; ++number) ::signal(number, SIG_DFL);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

[[noreturn]] void run_child(const Launch& launch) {
  restore_default_signals();
  if (launch.lifetime == Lifetime::kDetached) {
    ::setsid();
  } else {
    ::prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (::getppid() != launch.parent) ::_exit(127);  // it died before we asked to be told
  }
  if (::dup2(launch.null_input, STDIN_FILENO) < 0) give_up(launch.report);
  if (launch.output >= 0 &&
      (::dup2(launch.output, STDOUT_FILENO) < 0 || ::dup2(launch.output, STDERR_FILENO) < 0)) {
    give_up(launch.report);
  }
  ::close_range(3, ~0u, CLOSE_RANGE_CLOEXEC);  // also what a library opened without O_CLOEXEC
  ::execvpe(launch.program, launch.arguments, launch.environment);
  give_up(launch.report);
}

// 0, or the errno with which exec failed. Returns once the child runs its program or is gone.
int read_report(int fd) {
  int error = 0;
  ssize_t got = 0;
  do {
    got = ::read(fd, &error, sizeof(error));
  } while (got < 0 && errno == EINTR);
  return got == static_cast<ssize_t>(sizeof(error)) ? error : 0;
}

void sleep_for(Nanoseconds time) {
  const timespec wait{0, static_cast<long>(time.count())};
  ::nanosleep(&wait, nullptr);
}

}  // namespace

Result<ChildProcess> ChildProcess::start(const ProcessOptions& options) {
  const auto doing = fmt::format("start {}", options.program.string());
  std::vector<std::string> arguments{options.program.string()};
  arguments.insert(arguments.end(), options.arguments.begin(), options.arguments.end());
  auto environment = environment_with(options.extra_environment);
  auto argument_pointers = pointers_to(arguments);
  auto environment_pointers = pointers_to(environment);

  const UniqueFd null_input(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  if (!null_input) return fail_errno(errno, "open /dev/null");
  UniqueFd output;
  if (options.log_file) {
    output = UniqueFd(::open(options.log_file->c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
    if (!output) return fail_errno(errno, fmt::format("open {}", options.log_file->string()));
  }
  int ends[2] = {-1, -1};
  if (::pipe2(ends, O_CLOEXEC) != 0) return fail_errno(errno, doing);
  const UniqueFd report_reader(ends[0]);
  UniqueFd report_writer(ends[1]);

  const Launch launch{arguments[0].c_str(),
                      argument_pointers.data(),
                      environment_pointers.data(),
                      options.lifetime,
                      ::getpid(),
                      null_input.get(),
                      output.get(),
                      report_writer.get()};
  ChildProcess child;
  child.pid_ = ::fork();
  if (child.pid_ == 0) run_child(launch);
  if (child.pid_ < 0) return fail_errno(errno, doing);
  report_writer.reset();
  if (const int error = read_report(report_reader.get())) {
    ::waitpid(child.pid_, nullptr, 0);
    return fail_errno(error, doing);
  }
  return child;
}

std::optional<int> ChildProcess::poll() {
  if (status_ || pid_ <= 0) return status_;
  int status = 0;
  const auto ended = ::waitpid(pid_, &status, WNOHANG);
  if (ended == pid_) status_ = exit_code_of(status);
  if (ended < 0 && errno == ECHILD) status_ = 127;  // somebody else reaped it: it is gone, how is not known
  return status_;
}

int ChildProcess::stop(Nanoseconds grace) {
  if (pid_ <= 0) return 127;
  if (const auto ended = poll()) return *ended;
  ::kill(pid_, SIGTERM);
  const SystemClock clock;
  const auto deadline = clock.monotonic() + grace;
  while (!poll() && clock.monotonic() < deadline) sleep_for(std::chrono::milliseconds(5));
  if (!poll()) ::kill(pid_, SIGKILL);
  while (!poll()) sleep_for(std::chrono::milliseconds(5));
  return *status_;
}

std::filesystem::path program_directory() {
  std::error_code error;
  return std::filesystem::read_symlink("/proc/self/exe", error).parent_path();
}

}  // namespace shilu
