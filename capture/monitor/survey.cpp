#include "capture/monitor/survey.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <thread>

#include "capture/monitor/live_reader.h"
#include "capture/monitor/source_look.h"
#include "firmware/base/file_system.h"
#include "firmware/base/json_io.h"
#include "firmware/base/process.h"
#include "firmware/base/unix_socket.h"

namespace shilu::monitor {
namespace {

constexpr Nanoseconds kSlice = std::chrono::milliseconds(20);
constexpr Nanoseconds kEndPatience = std::chrono::milliseconds(300);
// The first capture on a machine looks through all of GStreamer's plug-ins; ended before that, it would begin
// anew each time.
constexpr Nanoseconds kFirstStart = std::chrono::seconds(30);
constexpr Nanoseconds kUsualStart = std::chrono::seconds(1);
constexpr Nanoseconds kListPatience = std::chrono::seconds(5);

// A folder for the time of the look.
class WorkFolder {
 public:
  static Result<WorkFolder> make() {
    std::string name = (std::filesystem::temp_directory_path() / "shilu-look-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) return fail_errno(errno, "make a folder for a look at a source");
    return WorkFolder(name);
  }
  explicit WorkFolder(std::filesystem::path path) : path_(std::move(path)) {}
  WorkFolder(WorkFolder&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  WorkFolder& operator=(WorkFolder&&) = delete;
  ~WorkFolder() {
    std::error_code error;
    if (!path_.empty()) std::filesystem::remove_all(path_, error);
  }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

// A look at one source, until it is complete or the time is over.
class Look {
 public:
  Look(const recorder::SourceSpec& source, const SurveyOptions& options)
      : source_(source), options_(options), begun_(clock_.monotonic()) {}

  SourceFacts run() {
    SourceFacts facts;
    if (auto fd = running_capture()) {
      facts = watch(std::move(*fd));
      facts.running = true;
    } else if (auto started = start_capture(); started) {
      facts = watch(std::move(*started));
    } else {
      facts.code = "failed";
      facts.problems = {started.error().message};
    }
    if (child_) child_->stop(kEndPatience);
    if (!facts.usable() && facts.problems.empty()) {
      facts.code = "no-data";
      facts.problems = {"Nothing has come yet. It may take a few seconds more; look again."};
    }
    facts.name = source_.name;
    facts.kind = source_.kind;
    facts.took = clock_.monotonic() - begun_;
    return facts;
  }

 private:
  Nanoseconds left() const { return options_.patience - (clock_.monotonic() - begun_); }

  std::optional<UniqueFd> running_capture() const {
    if (options_.runtime_directory.empty()) return std::nullopt;
    auto fd = connect_unix(live_socket(options_.runtime_directory, source_.name));
    if (!fd) return std::nullopt;
    return std::move(*fd);
  }

  Result<UniqueFd> start_capture() {
    SHILU_TRY(folder_, WorkFolder::make().map([](WorkFolder folder) {
      return std::make_unique<WorkFolder>(std::move(folder));
    }));
    const auto socket = folder_->path() / "look.sock";
    ProcessOptions process;
    process.program = options_.capture_program;
    process.arguments = source_.capture_arguments;
    process.arguments.insert(process.arguments.end(),
                             {"--socket", socket.string(), "--quick", "--linger", "5"});
    process.log_file = folder_->path() / "log";
    SHILU_TRY(child_, ChildProcess::start(process));
    while (clock_.monotonic() - begun_ < std::max(kFirstStart, options_.patience)) {
      if (auto fd = connect_unix(socket)) {
        if (clock_.monotonic() - begun_ > kUsualStart) begun_ = clock_.monotonic();
        return std::move(*fd);
      }
      if (child_->poll()) return fail(ErrorKind::kUnavailable, last_words());
      std::this_thread::sleep_for(kSlice);
    }
    return fail(ErrorKind::kTimedOut, "The capture process did not begin in time.");
  }

  // What the process wrote before it ended, without the log's own head.
  std::string last_words() const {
    const auto log = read_text_file(folder_->path() / "log").value_or("");
    const auto end = log.find_last_not_of("\n");
    const auto line = end == std::string::npos ? std::string() : log.substr(log.find_last_of('\n', end) + 1);
    return line.empty() ? "The capture process ended at once." : line;
  }

  SourceFacts watch(UniqueFd fd) {
    MessageChannel channel(std::move(fd));
    SourceLook look;
    std::optional<MonotonicTime> first;
    while (left() > Nanoseconds(0) && !look.complete(first ? clock_.monotonic() - *first : Nanoseconds(0))) {
      const auto bytes = channel.receive(std::min(left(), Nanoseconds(std::chrono::milliseconds(100))));
      if (!bytes && bytes.error().kind == ErrorKind::kTimedOut) continue;
      if (!bytes || !*bytes) break;
      const auto message = link::decode(**bytes);
      if (message) look.take(*message);
      if (!first && look.begun()) first = clock_.monotonic();
    }
    return std::move(look).finish();
  }

  const recorder::SourceSpec& source_;
  const SurveyOptions& options_;
  const SystemClock clock_;
  MonotonicTime begun_;  // of the look itself
  std::unique_ptr<WorkFolder> folder_;
  std::optional<ChildProcess> child_;
};

}  // namespace

std::vector<SourceFacts> survey(const std::vector<recorder::SourceSpec>& sources,
                                const SurveyOptions& options) {
  std::vector<SourceFacts> facts(sources.size());
  std::vector<std::jthread> looks;
  for (std::size_t i = 0; i < sources.size(); ++i) {
    looks.emplace_back([&, i] { facts[i] = Look(sources[i], options).run(); });
  }
  looks.clear();  // waits for all
  return facts;
}

Result<Json> list_devices(const SurveyOptions& options, Discover discover) {
  SHILU_TRY(const auto folder, WorkFolder::make());
  ProcessOptions process;
  process.program = options.capture_program;
  process.arguments = {"--list"};
  if (discover == Discover::kNetwork) process.arguments.insert(process.arguments.end(), {"--discover", "2"});
  process.log_file = folder.path() / "list";
  SHILU_TRY(auto child, ChildProcess::start(process));
  const SystemClock clock;
  const auto begun = clock.monotonic();
  while (!child.poll() && clock.monotonic() - begun < kListPatience) std::this_thread::sleep_for(kSlice);
  if (!child.poll()) {
    child.stop(kEndPatience);
    return fail(ErrorKind::kUnavailable, "The drivers or sound servers of this machine do not answer.");
  }
  SHILU_TRY(const auto text, read_text_file(process.log_file->string()));
  const auto from = text.find("{\"cameras\"");  // libraries may have written before it
  if (from == std::string::npos)
    return fail(ErrorKind::kUnavailable, "The list of devices could not be made.");
  return parse_json(text.substr(from, text.find('\n', from) - from));
}

}  // namespace shilu::monitor
