// shilu record: a lesson in the foreground, with the same recorder that the appliance runs.

#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <csignal>
#include <cstdlib>

#include "capture/journal/lesson_folder.h"
#include "capture/recorder/capture_command.h"
#include "capture/recorder/recorder.h"
#include "firmware/app/shilu/command.h"
#include "firmware/app/shilu/live_line.h"
#include "firmware/base/json_io.h"

namespace shilu::cli {
namespace {

namespace fs = std::filesystem;
using recorder::Recorder;
using recorder::RecorderStatus;

constexpr Nanoseconds kPatience = std::chrono::seconds(10);           // for the cameras to answer
constexpr Nanoseconds kPatienceWithPeople = std::chrono::minutes(2);  // who have to allow it
constexpr Nanoseconds kSettle = std::chrono::milliseconds(700);       // until sound and clocks have settled
constexpr Nanoseconds kLook = std::chrono::milliseconds(100);
constexpr std::uint64_t kReserve = 64'000'000;

struct Arguments {
  std::string out;
  std::vector<std::string> sources;
  std::string length;
  std::string keys;
  std::string tpm;
  bool json = false;
};

// "30", "30s", "5m", "1h", "500ms".
Result<Nanoseconds> parse_length(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  const double seconds = unit == "ms"                  ? 0.001
                         : unit.empty() || unit == "s" ? 1
                         : unit == "m"                 ? 60
                         : unit == "h"                 ? 3600
                                                       : 0;
  if (error != std::errc{} || seconds == 0 || !(value > 0) || value * seconds > 86'400) {
    return fail(ErrorKind::kInvalidArgument, "--for is a length such as 30s, 45m or 1h, of at most a day.");
  }
  return std::chrono::milliseconds(static_cast<std::int64_t>(value * seconds * 1000));
}

Result<fs::path> keys_directory(const std::string& wanted) {
  if (!wanted.empty()) return wanted;
  const char* data = std::getenv("XDG_DATA_HOME");
  if (data != nullptr && *data != '\0') return fs::path(data) / "shilu" / "keys";
  const char* home = std::getenv("HOME");
  if (home != nullptr && *home != '\0') return fs::path(home) / ".local" / "share" / "shilu" / "keys";
  return fail(ErrorKind::kInvalidArgument, "Where are the keys to be kept? Give --keys DIR.");
}

// A directory for the sockets, gone with the command.
class RuntimeDirectory {
 public:
  static Result<RuntimeDirectory> make() {
    std::string name = "/tmp/shilu-record-XXXXXX";  // short: the path of a socket has 107 bytes
    if (::mkdtemp(name.data()) == nullptr) return fail_errno(errno, "make a directory in /tmp");
    return RuntimeDirectory(name);
  }
  RuntimeDirectory(RuntimeDirectory&& other) noexcept : path_(std::exchange(other.path_, fs::path())) {}
  RuntimeDirectory& operator=(RuntimeDirectory&&) = delete;
  ~RuntimeDirectory() {
    std::error_code ignored;
    if (!path_.empty()) fs::remove_all(path_, ignored);
  }
  const fs::path& path() const { return path_; }

 private:
  explicit RuntimeDirectory(fs::path path) : path_(std::move(path)) {}
  fs::path path_;
};

sigset_t end_signals() {
  sigset_t signals;
  ::sigemptyset(&signals);
  ::sigaddset(&signals, SIGINT);
  ::sigaddset(&signals, SIGTERM);
  ::sigaddset(&signals, SIGHUP);
  return signals;
}

// False: the user wants to end.
bool wait(Nanoseconds time) {
  const auto signals = end_signals();
  const timespec spec{time.count() / 1'000'000'000, static_cast<long>(time.count() % 1'000'000'000)};
  return ::sigtimedwait(&signals, nullptr, &spec) < 0;
}

Result<recorder::RecorderSettings> settings_from(const Arguments& arguments, const fs::path& runtime) {
  recorder::RecorderSettings settings;
  settings.runtime_directory = runtime;
  settings.capture_program = recorder::capture_program();
  settings.capture_log = runtime / "capture.log";  // what matters of it comes as the source's state
  settings.reserve_bytes = kReserve;
  settings.software = "shilu " SHILU_VERSION;
  for (const auto& argument : arguments.sources) {
    SHILU_TRY(const auto source, config::parse_source_argument(argument));
    for (const auto& other : settings.sources) {
      if (other.name == source.name) {
        return fail(ErrorKind::kInvalidArgument,
                    fmt::format("There are two sources called {}.", source.name));
      }
    }
    settings.sources.push_back(recorder::capture_command(source));
  }
  return settings;
}

// A source that time will not mend.
bool hopeless(const recorder::SourceStatus& source) {
  return source.state == "lost" &&
         (source.code == "password" || source.code == "denied" || source.code == "unsupported");
}

Status await_sources(const Recorder& recorder) {
  const SystemClock clock;
  auto deadline = clock.monotonic() + kPatience;
  const auto latest = clock.monotonic() + kPatienceWithPeople;
  while (!recorder.missing_sources().empty() && clock.monotonic() < deadline) {
    for (const auto& source : recorder.status().sources) {
      if (hopeless(source)) return fail(ErrorKind::kPermissionDenied, source.detail);
      if (source.code == "asking") deadline = std::min(clock.monotonic() + kPatience, latest);
    }
    if (!wait(kLook)) return fail(ErrorKind::kCancelled, "Ended before a picture came.");
  }
  const auto missing = recorder.missing_sources();
  for (const auto& source : recorder.status().sources) {
    if (std::find(missing.begin(), missing.end(), source.name) == missing.end()) continue;
    const auto why = source.detail.empty() ? "It did not answer within 10 s." : source.detail;
    if (!recorder.has_picture())
      return fail(ErrorKind::kUnavailable, fmt::format("Nothing comes from {}. {}", source.name, why));
    fmt::print(stderr, "shilu: nothing comes from {} yet; the others are recorded. {}\n", source.name, why);
  }
  wait(kSettle);
  return {};
}

struct Course {
  std::int64_t worst_lag_ms = 0;  // after the first 3 s
  bool ended_itself = false;      // the disk was full
  std::string fault;
};

Course follow(const Recorder& recorder, std::optional<Nanoseconds> length) {
  Course course;
  LiveLine line;
  for (;;) {
    const auto status = recorder.status();
    if (!status.lesson) {
      course.ended_itself = true;
      course.fault = status.fault;
      return course;
    }
    line.show(status);
    const auto elapsed = std::chrono::milliseconds(status.lesson->elapsed_ms);
    if (elapsed > std::chrono::seconds(3))
      course.worst_lag_ms = std::max(course.worst_lag_ms, status.lesson->durable_lag_ms);
    const auto left = length ? *length - elapsed : Nanoseconds(std::chrono::hours(24));
    if (left <= Nanoseconds(0) || !wait(std::min<Nanoseconds>(left, kLook))) return course;
  }
}

Json track_summary(const journal::LessonFolder& folder, const journal::TrackView& track) {
  std::uint64_t fragments = 0, samples = 0, expected = 0, bytes = 0;
  for (const auto& epoch : track.epochs) {
    for (const auto position : epoch.fragments) {
      const auto& fragment = std::get<journal::FragmentRecord>(folder.records()[position].record);
      ++fragments;
      samples += fragment.samples;
      expected += fragment.samples_expected;
      bytes += fragment.size;
    }
  }
  const auto gaps = folder.gaps();
  return {{"name", track.name},
          {"codec", track.epochs.back().event.codec},
          {"epochs", track.epochs.size()},
          {"fragments", fragments},
          {"received", samples},
          {"expected", expected},
          {"bytes", bytes},
          {"gaps", std::count_if(gaps.begin(), gaps.end(),
                                 [&](const auto& gap) { return gap.track == track.name; })}};
}

Json summary(const journal::LessonFolder& folder, const Course& course) {
  Json tracks = Json::array();
  std::uint64_t bytes = 0;
  for (const auto& track : folder.tracks()) {
    tracks.push_back(track_summary(folder, track));
    bytes += tracks.back()["bytes"].get<std::uint64_t>();
  }
  return {{"lesson_id", folder.info().lesson_id},
          {"directory", folder.directory().string()},
          {"duration_ms", folder.duration().count() / 1'000'000},
          {"bytes", bytes},
          {"gaps", folder.gaps().size()},
          {"tracks", std::move(tracks)},
          {"worst_durable_lag_ms", course.worst_lag_ms}};
}

void print(const Json& summary) {
  fmt::print("{:.1f} s, {:.1f} MB, {} gaps: {}\n", summary["duration_ms"].get<double>() / 1000,
             summary["bytes"].get<double>() / 1e6, summary["gaps"].get<std::uint64_t>(),
             summary["directory"].get<std::string>());
  for (const auto& track : summary["tracks"]) {
    fmt::print("  {:<16} {:<12} {} of {} samples, {} gaps\n", track["name"].get<std::string>(),
               track["codec"].get<std::string>(), track["received"].get<std::uint64_t>(),
               track["expected"].get<std::uint64_t>(), track["gaps"].get<std::uint64_t>());
  }
}

// What was asked for and did not come, as an error behind the summary.
Status judge(const journal::LessonFolder& folder, const Course& course) {
  if (course.ended_itself) return fail(ErrorKind::kStorageFull, course.fault);
  for (const auto& source : folder.info().sources) {
    const auto of_source = [&](const journal::TrackView& track) {
      return track.name.starts_with(source.name + ".");
    };
    if (std::any_of(folder.tracks().begin(), folder.tracks().end(), of_source)) continue;
    return fail(ErrorKind::kUnavailable, fmt::format("Nothing was recorded of {}.", source.name));
  }
  return {};
}

Result<Course> record_lesson(const Arguments& arguments, const fs::path& directory,
                             std::optional<Nanoseconds> length) {
  SHILU_TRY(const auto runtime, RuntimeDirectory::make());
  SHILU_TRY(auto settings, settings_from(arguments, runtime.path()));
  SHILU_TRY(const auto keys, keys_directory(arguments.keys));
  SHILU_TRY(auto key, load_or_create_certified(keys, KeyRole::kRecording, {arguments.tpm}));
  const auto signals = end_signals();
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);  // before the first thread; wait() looks for them
  const SystemClock clock;
  SHILU_TRY(const auto recorder,
            Recorder::open(std::move(settings), std::move(key), posix_file_system(), clock, nullptr));
  SHILU_CHECK(await_sources(*recorder));
  recorder::StartRequest request;
  request.directory = directory;
  request.length = length;
  if (length) request.planned_ms = length->count() / 1'000'000;
  SHILU_CHECK(recorder->start(request));
  auto course = follow(*recorder, length);
  if (course.ended_itself) return course;
  const auto reason = length ? recorder::StopReason::kTime : recorder::StopReason::kUser;
  const auto end = length ? std::optional(LessonTime{length->count()}) : std::nullopt;
  SHILU_CHECK(recorder->stop(reason, end));
  return course;
}

Result<int> record(const Arguments& arguments) {
  std::optional<Nanoseconds> length;
  if (!arguments.length.empty()) {
    SHILU_TRY(length, parse_length(arguments.length));
  }
  const auto directory = fs::absolute(arguments.out).lexically_normal();
  std::error_code ignored;
  if (fs::exists(directory, ignored) && !fs::is_empty(directory, ignored)) {
    return fail(ErrorKind::kAlreadyExists,
                fmt::format("{} is there already and not empty.", directory.string()));
  }
  SHILU_TRY(const auto course, record_lesson(arguments, directory, length));
  SHILU_TRY(const auto folder, journal::LessonFolder::open(directory));
  const auto result = summary(folder, course);
  const auto judged = judge(folder, course);
  if (arguments.json) {
    print_json(result);
  } else {
    print(result);
  }
  if (judged) return kGood;
  fmt::print(stderr, "shilu: {}\n", judged.error().message);
  return kFailed;
}

}  // namespace

void add_record(CLI::App& app, int& exit_code) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command = app.add_subcommand("record", "Record a lesson; Ctrl-C ends it");
  command->add_option("--out", arguments->out, "The lesson's own folder, new or empty")->required();
  command
      ->add_option("--source", arguments->sources,
                   "NAME=URL, for example room=rtsp://10.0.0.8/stream1; may be repeated")
      ->required();
  command->add_option("--for", arguments->length, "End after this long, for example 30s or 45m");
  command->add_option("--keys", arguments->keys, "Where this device's keys are kept");
  command->add_option("--tpm", arguments->tpm, "The TPM that holds them, as a TCTI; else files");
  command->add_flag("--json", arguments->json, "Print JSON");
  command->callback([arguments, &exit_code] {
    const auto code = record(*arguments);
    exit_code = code ? *code : report(code.error(), arguments->json);
  });
}

}  // namespace shilu::cli
