#include "firmware/app/shilu/demo_classroom.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <thread>

#include "capture/link/link.h"
#include "firmware/app/shilu/demo_accounts.h"
#include "firmware/base/certificate.h"
#include "firmware/base/file_system.h"
#include "firmware/base/json_io.h"
#include "firmware/base/unix_socket.h"

namespace shilu::cli {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

constexpr auto kReadyTimeout = 60s;
constexpr auto kPoll = 20ms;
constexpr auto kStopGrace = 8s;
constexpr auto kTooShortALife = 5s;
constexpr int kShortLives = 3;  // one after the other: it does not stay alive

Json accounts_json(std::string_view group, std::span<const DemoAccount> accounts) {
  Json list = Json::array();
  for (const DemoAccount& account : accounts) {
    list.push_back({{"id", account.id}, {"name", account.name}, {"pin", account.pin}});
  }
  return {{std::string(group), std::move(list)}};
}

Status write_json(const fs::path& file, const Json& json) {
  return write_file_atomic(file, as_bytes(canonical_json(json)), 0600);
}

// Capture processes outlive the recorder on purpose; at the end of the demonstration they are told to go.
void end_captures(const fs::path& runtime) {
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(runtime, ignored)) {
    if (!entry.path().filename().string().starts_with("capture-") || entry.path().extension() != ".sock")
      continue;
    auto socket = connect_unix(entry.path());
    if (!socket) continue;
    MessageChannel channel(std::move(*socket));
    if (!channel.send(link::encode(link::Shutdown{}))) continue;
    // The peer closes when it has gone.
    while (true) {
      const auto message = channel.receive(2s);
      if (!message || !*message) break;
    }
  }
}

std::string last_lines(const fs::path& log) {
  const auto text = read_text_file(log);
  if (!text) return "";
  return text->size() > 600 ? text->substr(text->size() - 600) : *text;
}

// Raised when what an older version left cannot be gone on with: the formats are not released yet.
constexpr std::string_view kDemoFormat = "2";

// A demonstration that an older version began is kept beside the new one.
Status set_aside_older(const fs::path& directory) {
  auto& files = posix_file_system();
  const auto format = directory / "format";
  const auto known = read_text_file(format);
  if (known && *known == kDemoFormat) return {};
  std::error_code ignored;
  if (fs::exists(directory / "device", ignored)) {
    auto aside = directory;
    for (int number = 1; fs::exists(aside, ignored); ++number) {
      aside = directory.parent_path() / fmt::format("{}.old-{}", directory.filename().string(), number);
    }
    SHILU_CHECK(files.rename(directory, aside));
    fmt::print(stderr, "The demonstration of an older version is kept in {}; a new one begins.\n",
               aside.string());
  }
  SHILU_CHECK(files.create_directories(directory));
  return write_file_atomic(format, as_bytes(kDemoFormat));
}

}  // namespace

fs::path DemoClassroom::log_of(const std::string& name) const {
  return options_.directory / "logs" / (name + ".log");
}
std::string DemoClassroom::url(std::uint16_t port) const {
  return fmt::format("http://127.0.0.1:{}", port);
}

Status DemoClassroom::start() {
  auto started = start_all();
  if (!started) stop();
  return started;
}

Status DemoClassroom::start_all() {
  SHILU_CHECK(set_aside_older(options_.directory));
  for (const char* part : {"logs", "run", "device", "platform"}) {
    SHILU_CHECK(posix_file_system().create_directories(options_.directory / part));
  }
  SHILU_CHECK(start_cameras());
  SHILU_CHECK(start_platform());
  return start_appliance();
}

Status DemoClassroom::launch(const std::string& name, const std::string& program,
                             std::vector<std::string> arguments) {
  std::error_code ignored;
  fs::rename(log_of(name), log_of(name + ".before"), ignored);
  ProcessOptions process;
  process.program = program_directory() / program;
  process.arguments = std::move(arguments);
  process.log_file = log_of(name);
  auto child = ChildProcess::start(process);
  if (!child) return fail(child.error().within("start " + program));
  running_.push_back({name, std::move(*child), std::chrono::steady_clock::now()});
  return {};
}

Result<Json> DemoClassroom::ready_line(const std::string& name) {
  Running& program = running_.back();
  const auto deadline = std::chrono::steady_clock::now() + kReadyTimeout;
  while (std::chrono::steady_clock::now() < deadline) {
    if (const auto text = read_text_file(log_of(name))) {
      for (std::size_t at = 0; at < text->size();) {
        const std::size_t end = text->find('\n', at);
        if (end == std::string::npos) break;
        const auto json = parse_json(std::string_view(*text).substr(at, end - at));
        if (json && json->is_object() && json->contains("port")) return *json;
        at = end + 1;
      }
    }
    if (const auto status = program.process.poll()) {
      return fail(ErrorKind::kFailedPrecondition, fmt::format("{} ended with {} before it was ready: {}",
                                                              name, *status, last_lines(log_of(name))));
    }
    std::this_thread::sleep_for(kPoll);
  }
  return fail(ErrorKind::kTimedOut,
              fmt::format("{} was not ready in time: {}", name, last_lines(log_of(name))));
}

Status DemoClassroom::start_cameras() {
  SHILU_CHECK(
      launch("cameras", "shilu-demo-camera",
             {"--port", std::to_string(options_.camera_port), "--log", options_.directory / "camera.log"}));
  SHILU_TRY(const Json ready, ready_line("cameras"));
  SHILU_TRY(const std::int64_t port, json_int(ready, "port"));
  options_.camera_port = static_cast<std::uint16_t>(port);
  return {};
}

Status DemoClassroom::start_platform() {
  const fs::path directory = options_.directory / "platform";
  SHILU_CHECK(write_json(directory / "accounts.json", accounts_json("assessors", kDemoAssessors)));
  SHILU_CHECK(launch(
      "platform", "shilu-platform",
      {"--directory", directory, "--port", std::to_string(options_.platform_port), "--accounts",
       directory / "accounts.json", "--catalogue", options_.share / "catalogues/ability-points-2.0.json",
       "--www", options_.share / "www/assessor", "--claim", std::string(kDemoClaim)}));
  SHILU_TRY(const Json ready, ready_line("platform"));
  SHILU_TRY(const std::int64_t port, json_int(ready, "port"));
  options_.platform_port = static_cast<std::uint16_t>(port);
  return {};
}

Status DemoClassroom::write_settings() const {
  const std::string text = fmt::format(
      "device_name = \"八(2)班教室\"\ndata_directory = \"{0}/device\"\nruntime_directory = "
      "\"{0}/run\"\nreserve_mb = 200\n\n"
      "[[source]]\nname = \"room\"\nurl = \"rtsp://127.0.0.1:{1}/room\"\n\n"
      "[[source]]\nname = \"board\"\nurl = \"rtsp://127.0.0.1:{1}/board\"\n\n"
      "[web]\naddress = \"127.0.0.1\"\nport = {2}\nroot = \"{3}/www/teacher\"\n\n"
      "[programme]\nid = \"cn-moe-2.0\"\ncatalogue = \"{3}/catalogues/ability-points-2.0.json\"\n"
      "tiles = [\"A5\", \"A6\", \"A7\", \"A8\", \"A11\", \"A12\"]\n\n"
      "[platform]\nurl = \"{4}\"\nclaim = \"{5}\"\n",
      options_.directory.string(), options_.camera_port, options_.device_port, options_.share.string(),
      url(options_.platform_port), kDemoClaim);
  return write_file_atomic(settings(), as_bytes(text));
}

Status DemoClassroom::start_appliance() {
  const fs::path device = options_.directory / "device";
  SHILU_CHECK(write_settings());
  SHILU_CHECK(write_json(device / "accounts.json", accounts_json("teachers", kDemoTeachers)));
  SHILU_TRY(const CertifiedKey keys, load_or_create_certified(device / "keys", KeyRole::kSeal));
  SHILU_CHECK(write_file_atomic(device / "device.pub.pem", as_bytes(keys.certificate.device_key.pem())));
  SHILU_CHECK(start_recorder());
  return start_shilud();
}

fs::path DemoClassroom::settings() const {
  return options_.directory / "appliance.toml";
}

Status DemoClassroom::start_recorder() {
  return launch("recorder", "shilu-recorder", {"--config", settings()});
}

Status DemoClassroom::start_shilud() {
  SHILU_CHECK(write_settings());
  SHILU_CHECK(launch("shilud", "shilud",
                     {"--config", settings(), "--accounts", options_.directory / "device/accounts.json"}));
  SHILU_TRY(const Json ready, ready_line("shilud"));
  SHILU_TRY(const std::int64_t port, json_int(ready, "port"));
  options_.device_port = static_cast<std::uint16_t>(port);
  return {};
}

Json DemoClassroom::description() const {
  const fs::path device = options_.directory / "device";
  Json json = {{"device_url", url(options_.device_port)},
               {"platform_url", url(options_.platform_port)},
               {"camera_url", fmt::format("rtsp://127.0.0.1:{}", options_.camera_port)},
               {"camera_log", options_.directory / "camera.log"},
               {"lessons_directory", device / "lessons"},
               {"packages_directory", device / "packages"},
               {"device_key_file", device / "device.pub.pem"},
               {"enrolment_file", device / "enrolment.json"},
               {"logs_directory", options_.directory / "logs"}};
  json.update(accounts_json("teachers", kDemoTeachers));
  json.update(accounts_json("assessors", kDemoAssessors));
  Json pids = Json::object();
  for (const Running& program : running_) pids[program.name] = program.process.pid();
  json["pids"] = std::move(pids);
  return json;
}

Result<std::string> DemoClassroom::restart_ended() {
  const auto ended = std::find_if(running_.begin(), running_.end(),
                                  [](Running& program) { return program.process.poll().has_value(); });
  if (ended == running_.end()) return std::string();
  const auto name = ended->name;
  const bool at_once = std::chrono::steady_clock::now() - ended->since < kTooShortALife;
  running_.erase(ended);
  short_lives_ = at_once ? short_lives_ + 1 : 0;
  if (short_lives_ >= kShortLives)
    return fail(ErrorKind::kInternal, fmt::format("{} ends by itself, again and again", name));
  const std::map<std::string, Status (DemoClassroom::*)()> starts{
      {"cameras", &DemoClassroom::start_cameras},
      {"platform", &DemoClassroom::start_platform},
      {"recorder", &DemoClassroom::start_recorder},
      {"shilud", &DemoClassroom::start_shilud}};
  SHILU_CHECK((this->*starts.at(name))());
  return name;
}

void DemoClassroom::stop() {
  while (!running_.empty()) {
    Running program = std::move(running_.back());
    running_.pop_back();
    program.process.stop(kStopGrace);
    if (program.name == "recorder") end_captures(options_.directory / "run");
  }
}

}  // namespace shilu::cli
