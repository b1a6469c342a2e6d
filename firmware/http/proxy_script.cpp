#include "firmware/http/proxy_script.h"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <thread>

#include "firmware/base/file_system.h"
#include "firmware/base/process.h"
#include "firmware/http/client.h"
#include "firmware/http/url.h"

namespace shilu::http {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

constexpr auto kPatience = 5s;
constexpr std::uint64_t kMostScript = 1u << 20;
constexpr std::uint64_t kMostAnswer = 4096;

Result<std::string> fetch(const std::string& where) {
  if (!where.starts_with("http://") && !where.starts_with("https://"))
    return read_text_file(where, kMostScript);
  ClientOptions options;
  options.proxy = "direct";
  Client client(options);
  ClientRequest request;
  request.url = where;
  SHILU_TRY(const ClientResponse response, client.perform(request));
  if (response.status == 200) return response.body;
  return fail(ErrorKind::kUnavailable, where + " answered " + std::to_string(response.status));
}

// A folder of its own for the script and its answer.
class Desk {
 public:
  static Result<Desk> make() {
    std::string pattern = (fs::temp_directory_path() / "shilu-pac-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) return fail_errno(errno, "make a folder for the proxy script");
    return Desk(pattern);
  }
  Desk(Desk&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  Desk& operator=(Desk&&) = delete;
  ~Desk() {
    std::error_code ignored;
    if (!path_.empty()) fs::remove_all(path_, ignored);
  }
  fs::path operator/(const char* name) const { return path_ / name; }

 private:
  explicit Desk(fs::path path) : path_(std::move(path)) {}
  fs::path path_;
};

// The child's exit, or its end after the time is up.
int wait_for(ChildProcess& child) {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (std::chrono::steady_clock::now() < deadline) {
    if (const auto status = child.poll()) return *status;
    std::this_thread::sleep_for(10ms);
  }
  return child.stop(0s);
}

Result<std::string> ask(const std::string& where, const std::string& url) {
  SHILU_TRY(const std::string script, fetch(where));
  SHILU_TRY(const std::string host, host_of(url));
  SHILU_TRY(const Desk desk, Desk::make());
  SHILU_CHECK(write_file_atomic(desk / "proxy.pac", as_bytes(script)));
  ProcessOptions options;
  options.program = program_directory() / "shilu-pac";
  options.arguments = {(desk / "proxy.pac").string(), url, host};
  options.log_file = desk / "answer";
  SHILU_TRY(ChildProcess child, ChildProcess::start(options));
  if (wait_for(child) != 0)
    return fail(ErrorKind::kUnavailable, "the proxy script " + where + " gives no answer");
  return read_text_file(desk / "answer", kMostAnswer);
}

}  // namespace

std::function<Result<std::string>(const std::string& url)> proxy_script(std::string where) {
  return [where = std::move(where)](const std::string& url) -> Result<std::string> {
    auto answer = ask(where, url);
    if (!answer) return fail(answer.error().within("the proxy script"));
    return answer;
  };
}

}  // namespace shilu::http
