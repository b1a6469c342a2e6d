// The real shilu-capture on a Wayland desktop of real parts (wayland_desktop.py; packages sway, pipewire,
// wireplumber, xdg-desktop-portal-wlr).
#include <fmt/format.h>
#include <signal.h>
#include <sys/stat.h>

#include <catch2/catch.hpp>

#include <algorithm>
#include <cstdlib>
#include <functional>

#include "firmware/base/file_system.h"
#include "tests/base/eventually.h"
#include "tests/live/capture_process.h"
#include "tests/live/tool.h"

namespace shilu::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr auto kVideo = MediaKind::kVideo;
constexpr auto kLost = link::SourceState::kLost;

// A whole desktop beside the other tests of a busy machine: only where there is time.
bool have_desktop() {
  const char* wanted = std::getenv("SHILU_LONG");
  if (wanted == nullptr || std::string_view(wanted) != "1") {
    WARN("skipped: runs under ./test --long");
    return false;
  }
  const bool have =
      std::system(
          "for p in sway pipewire wireplumber dbus-daemon gst-launch-1.0 "
          "/usr/libexec/xdg-desktop-portal-wlr; "
          "do command -v $p || exit 1; done >/dev/null; "
          "gst-inspect-1.0 pipewiresrc >/dev/null && gst-inspect-1.0 waylandsink >/dev/null") == 0;
  if (!have)
    WARN(
        "skipped: sway, wireplumber, xdg-desktop-portal-wlr, gstreamer1.0-pipewire or another part of a "
        "Wayland desktop "
        "is not installed");
  return have;
}

class Desktop {
 public:
  explicit Desktop(const std::vector<std::string>& more_arguments = {}) {
    ProcessOptions options;
    options.program = "python3";
    options.arguments = {std::string(SHILU_SOURCE_DIR) + "/tests/live/wayland_desktop.py", "--folder",
                         folder_.path().string(), "--preload", SHILU_SCREENCOPY_SHIM};
    options.arguments.insert(options.arguments.end(), more_arguments.begin(), more_arguments.end());
    options.log_file = folder_ / "log";
    process_ = ChildProcess::start(options).value();
    const bool ready =
        eventually([&] { return said().find("ready") != std::string::npos || process_.poll(); }, seconds(30));
    INFO(said());
    REQUIRE(ready);
    REQUIRE_FALSE(process_.poll().has_value());
  }
  ~Desktop() { process_.stop(seconds(10)); }

  std::vector<std::string> environment() const {
    const auto run = (folder_ / "run").string();
    return {"XDG_RUNTIME_DIR=" + run, fmt::format("DBUS_SESSION_BUS_ADDRESS=unix:path={}/bus", run)};
  }
  std::filesystem::path consent() const { return folder_ / "data" / "screens" / "board.consent"; }
  void refuse_from_now_on() { REQUIRE(write_file_atomic(folder_ / "answer", {})); }
  // Whoever is asked does not answer until the returned function is called.
  std::function<void()> hesitate() {
    const auto answer = folder_ / "answer";
    std::filesystem::rename(answer, folder_ / "thinking");
    return [this, answer] { std::filesystem::rename(folder_ / "thinking", answer); };
  }
  // How often somebody was asked.
  std::ptrdiff_t asked() const {
    const auto lines = read_text_file(folder_ / "asked").value_or("");
    return std::count(lines.begin(), lines.end(), '\n');
  }
  void change_mode(const std::string& size) {
    std::string socket;
    for (const auto& entry : std::filesystem::directory_iterator(folder_ / "sway")) {
      if (entry.path().filename().string().starts_with("sway-ipc")) socket = entry.path().string();
    }
    output_of(fmt::format("swaymsg -q -s {} 'output HEADLESS-1 mode --custom {}@60Hz'", socket, size));
  }
  // No picture comes until the returned function is called.
  std::function<void()> stand_still() {
    REQUIRE(write_file_atomic(folder_ / "hold", {}));
    return [this] { std::filesystem::remove(folder_ / "hold"); };
  }
  void kill_portal() {
    const auto pid = std::stoi(read_text_file(folder_ / "portal.pid").value());
    REQUIRE(::kill(pid, SIGKILL) == 0);
  }

 private:
  std::string said() const { return read_text_file(folder_ / "log").value_or(""); }
  TemporaryDirectory folder_;
  ChildProcess process_;
};

class Film {
 public:
  Film() { make_counted_movie(path(), 60, "-c:v libx264 -preset ultrafast -qp 10 -an"); }
  std::string path() const { return (folder_ / "film.mp4").string(); }

 private:
  TemporaryDirectory folder_;
};

// Why the capture of a shared screen says that it cannot be had.
std::string reason(const std::string& code, std::vector<std::string> environment,
                   std::vector<std::string> arguments = {}) {
  CaptureProcess capture("board=screen://portal", std::move(arguments), std::move(environment));
  Peer peer(capture.socket());
  CHECK(peer.read_state(kLost, code));
  return peer.states.empty() ? "" : peer.states.back().detail;
}

std::string list_on(const Desktop& desktop) {
  std::string command = "env";
  for (const auto& variable : desktop.environment()) command += " " + variable;
  return output_of(command + " " SHILU_BIN_DIR "/shilu-capture --list");
}

// The numbers in the pictures as they change, each with the time at which it was first seen.
std::vector<std::pair<int, MonotonicTime>> changes(const Peer& peer) {
  const auto numbers = burned_numbers(peer);
  const auto pictures = decoded_pictures(peer);
  std::vector<std::pair<int, MonotonicTime>> seen;
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    if (seen.empty() || seen.back().first != numbers[i]) seen.emplace_back(numbers[i], pictures[i].shown);
  }
  return seen;
}

TEST_CASE("a shared screen is recorded at a steady rate, each picture that was shown at its time") {
  if (!have_desktop()) return;
  const Film film;
  const Desktop desktop({"--film", film.path(), "--rate", "5"});
  CaptureProcess capture("board=screen://portal?fps=20", {}, desktop.environment());
  Peer peer(capture.socket());
  REQUIRE(peer.read_units(kVideo, 100, seconds(30)));
  check_units(peer, kVideo);
  const auto& units = peer.units(kVideo);
  CHECK(peer.parameters.at(kVideo).back().nominal_ticks == 90'000 / 20);
  for (std::size_t i = 1; i < units.size(); ++i) {
    CHECK_FALSE(units[i].discontinuity);
    const auto step = units[i].presentation_time - units[i - 1].presentation_time;
    CHECK(std::chrono::abs(step - milliseconds(50)) < milliseconds(1));
  }
  CHECK(SystemClock().monotonic() - units.back().presentation_time < seconds(1));
  // The film has every fifth picture of 25 a second: five a second, four of ours each.
  auto seen = changes(peer);
  std::erase_if(seen, [](const auto& one) { return one.first == 0; });  // nothing was shown yet
  REQUIRE(seen.size() > 15);
  for (std::size_t i = 1; i < seen.size(); ++i) {
    INFO("number " << seen[i].first << " after " << seen[i - 1].first);
    CHECK(seen[i].first - seen[i - 1].first == 5);
  }
  const auto whole = seen.back().second - seen[1].second;
  const auto expected = milliseconds(200) * static_cast<std::int64_t>(seen.size() - 2);
  CHECK(std::chrono::abs(whole - expected) < milliseconds(150));
}

TEST_CASE("a shared screen whose mode is changed goes on in its new size, without a gap") {
  if (!have_desktop()) return;
  const Film film;
  Desktop desktop({"--film", film.path(), "--rate", "10"});
  CaptureProcess capture("board=screen://portal?fps=10", {}, desktop.environment());
  std::uint64_t first_of_new = 0;
  {
    Peer peer(capture.socket());
    REQUIRE(peer.read_units(kVideo, 20, seconds(30)));
    desktop.change_mode("512x288");
    const auto begun = [&] {
      const auto& last = peer.parameters.at(kVideo).back().parameters;
      const auto& units = peer.units(kVideo);
      const bool there =
          last.width == 512 && last.height == 288 && units.back().sync && peer.order.back() == "unit video";
      if (there) first_of_new = units.back().number;
      return there;
    };
    REQUIRE(peer.read_until(begun, seconds(30)));
    for (const auto& unit : peer.units(kVideo)) CHECK_FALSE(unit.discontinuity);
    peer.acknowledge(kVideo, first_of_new - 1);
  }
  Peer peer(capture.socket());
  REQUIRE(peer.read_units(kVideo, 50, seconds(30)));
  auto pictures = decoded_pictures(peer);
  REQUIRE(pictures.front().width == 512);
  // The film is grey below its numbers, at either size; rows of another length would not be.
  const auto grey = [](const Picture& picture, std::size_t x) {
    return std::abs(picture.at(x, 200) - 126) < 8;
  };
  const auto filled = std::find_if(pictures.begin(), pictures.end(), [&](const Picture& picture) {
    return grey(picture, 504);  // its window follows the screen a moment later
  });
  REQUIRE(filled - pictures.begin() < 20);
  pictures.erase(pictures.begin(), filled);
  for (const auto& picture : pictures) {
    for (std::size_t x = 8; x < 512; x += 16) CHECK(grey(picture, x));
  }
  std::vector<int> numbers;  // twice as large as burned_numbers expects
  for (const auto& picture : pictures) {
    int number = 0;
    for (std::size_t bit = 0; bit < 16; ++bit) number |= picture.at(bit * 32 + 16, 32) > 125 ? 1 << bit : 0;
    numbers.push_back(number);
  }
  CHECK(std::is_sorted(numbers.begin(), numbers.end()));
  CHECK(numbers.back() > numbers.front() + 40);
}

TEST_CASE(
    "a shared screen at a standstill from the beginning is waited for, and its first change is recorded") {
  if (!have_desktop()) return;
  Desktop desktop;
  const auto move = desktop.stand_still();
  CaptureProcess capture("board=screen://portal", {}, desktop.environment());
  Peer peer(capture.socket());
  REQUIRE(peer.read_state(link::SourceState::kConnecting, "no-change", seconds(20)));
  CHECK(peer.states.back().detail ==
        "Nothing has changed on the shared screen yet, and only then its first picture comes: move the "
        "pointer.");
  CHECK_FALSE(peer.read_state(kLost, "no-data", seconds(12)));  // longer than any other source is waited for
  CHECK(peer.units(kVideo).empty());
  move();
  REQUIRE(peer.read_units(kVideo, 20, seconds(10)));
  CHECK(peer.states.back().state == link::SourceState::kLive);
  CHECK(desktop.asked() == 1);
}

TEST_CASE("somebody is asked for a screen once only, also over a portal that ends in mid-lesson") {
  if (!have_desktop()) return;
  const Film film;
  Desktop desktop({"--film", film.path()});
  const std::vector<std::string> keep{"--consent-file", desktop.consent().string()};
  {
    const auto agree = desktop.hesitate();
    CaptureProcess capture("board=screen://portal", keep, desktop.environment());
    Peer peer(capture.socket());
    REQUIRE(peer.read_state(link::SourceState::kConnecting, "asking"));
    agree();
    REQUIRE(peer.read_units(kVideo, 20, seconds(30)));
    const auto before = peer.units(kVideo).size();
    desktop.kill_portal();
    REQUIRE(peer.read_state(kLost, "no-device"));
    CHECK(peer.states.back().detail ==
          "The shared screen cannot be recorded: the desktop has ended the sharing.");
    REQUIRE(peer.read_units(kVideo, before + 30, seconds(30)));
    const auto& units = peer.units(kVideo);
    CHECK(std::count_if(units.begin(), units.end(), [](const auto& unit) { return unit.discontinuity; }) ==
          1);
  }
  struct stat status {};
  REQUIRE(::stat(desktop.consent().c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0600);
  CaptureProcess again("board=screen://portal", keep, desktop.environment());
  Peer peer(again.socket());
  REQUIRE(peer.read_units(kVideo, 20, seconds(30)));
  CHECK(std::none_of(peer.states.begin(), peer.states.end(),
                     [](const auto& one) { return one.code == "asking"; }));
  CHECK(desktop.asked() == 1);
}

TEST_CASE("a capture that is told to end while somebody is asked withdraws its question") {
  if (!have_desktop()) return;
  Desktop desktop;
  const auto answer = desktop.hesitate();
  CaptureProcess capture("board=screen://portal", {}, desktop.environment());
  Peer peer(capture.socket());
  REQUIRE(peer.read_state(link::SourceState::kConnecting, "asking"));
  peer.shutdown();
  CHECK(capture.exit_status(milliseconds(1500)) == 0);
  answer();
}

TEST_CASE("a person who refuses is not asked again") {
  if (!have_desktop()) return;
  Desktop desktop;
  desktop.refuse_from_now_on();
  CaptureProcess capture("board=screen://portal", {}, desktop.environment());
  Peer peer(capture.socket());
  REQUIRE(peer.read_state(kLost, "denied"));
  CHECK(peer.states.back().detail ==
        "The shared screen cannot be recorded: the person at the screen did not allow it.");
  CHECK_FALSE(
      peer.read_until([&] { return desktop.asked() > 1; }, seconds(4)));  // other failures: after 0.5 s
  CHECK(desktop.asked() == 1);
}

TEST_CASE("a look at a shared screen asks nobody, and the list has it where a portal answers") {
  if (!have_desktop()) return;
  const Film film;
  Desktop desktop({"--film", film.path()});
  CHECK(reason("not-asked", desktop.environment(), {"--quick"}) ==
        "The shared screen cannot be recorded: the person at the screen has not been asked yet.");
  CHECK(list_on(desktop).find(R"("url":"screen://portal")") != std::string::npos);
  CHECK(desktop.asked() == 0);
  CaptureProcess capture("board=screen://portal", {}, desktop.environment());
  REQUIRE(Peer(capture.socket()).read_units(kVideo, 5, seconds(30)));
  CHECK(list_on(desktop).find(R"("kind":"pipewire")") == std::string::npos);  // it is no microphone
}

TEST_CASE("what keeps a shared screen from being recorded is told in words") {
  CHECK(reason("no-device", {"DBUS_SESSION_BUS_ADDRESS=", "XDG_RUNTIME_DIR=/nowhere"}) ==
        "The shared screen cannot be recorded: no desktop session is here: DBUS_SESSION_BUS_ADDRESS is not "
        "set for "
        "the recorder.");
  const TemporaryDirectory empty;
  CHECK(reason("failed", {"GST_PLUGIN_SYSTEM_PATH_1_0=" + empty.path().string(),
                          "GST_REGISTRY_1_0=" + (empty / "registry").string()}) ==
        "The shared screen cannot be recorded: GStreamer's part for PipeWire is missing (package "
        "gstreamer1.0-pipewire).");
  if (!have_desktop()) return;
  CHECK(reason("no-device", Desktop({"--without", "portal"}).environment()) ==
        "The shared screen cannot be recorded: this desktop has no portal (package xdg-desktop-portal).");
  CHECK(reason("no-device", Desktop({"--without", "backend"}).environment())
            .find("this desktop's portal shares no screens") != std::string::npos);
  CHECK(reason("no-device", Desktop({"--without", "pipewire"}).environment())
            .find("PipeWire does not run here") != std::string::npos);
}

}  // namespace
}  // namespace shilu::test
