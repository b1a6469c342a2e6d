// shilu-demo-camera: a room camera with sound and a board, over RTSP on loopback, with counters burned in.
// SIGUSR1 freezes them, SIGUSR2 lets them go on. Prints {"port":N,"streams":[...]} when ready.

#include <glib-unix.h>
#include <gst/gst.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "tests/demo/camera_server.h"
#include "tests/demo/sources.h"

using namespace shilu::demo;

namespace {

gboolean quit(gpointer loop) {
  g_main_loop_quit(static_cast<GMainLoop*>(loop));
  return G_SOURCE_CONTINUE;
}
gboolean freeze(gpointer studio) {
  static_cast<Studio*>(studio)->frozen = true;
  return G_SOURCE_CONTINUE;
}
gboolean thaw(gpointer studio) {
  static_cast<Studio*>(studio)->frozen = false;
  return G_SOURCE_CONTINUE;
}
FeedSource source_of(const std::string& name, const std::string& footage, const Studio& studio) {
  if (name == "room") return room_source(footage, studio);
  if (name == "board") return board_source();
  if (name == "card") return card_source(studio);
  if (name == "desk") return desk_source();
  return voice_source(studio);
}

// The file of --faults: words of what is wrong from now on; none: all is well.
struct FaultFile {
  std::string path;
  Studio* studio;
};

gboolean read_faults(gpointer data) {
  const auto& file = *static_cast<FaultFile*>(data);
  static const std::map<std::string, unsigned> kWords{
      {"black", kBlack}, {"frozen", kFrozen}, {"silent", kSilent}, {"hum", kHum}, {"clipping", kClipping}};
  std::ifstream in(file.path);
  unsigned faults = 0;
  for (std::string word; in >> word;) {
    if (const auto found = kWords.find(word); found != kWords.end()) faults |= found->second;
  }
  file.studio->faults = faults;
  return G_SOURCE_CONTINUE;
}

}  // namespace

int main(int argc, char** argv) {
  CameraOptions options;
  Studio studio;
  std::vector<std::string> streams = {"room", "board"};
  std::string log, faults, footage = SHILU_TEST_DATA "/classroom.mp4";
  double clock_ppm = 0;
  CLI::App app("Demonstration cameras over RTSP on loopback.", "shilu-demo-camera");
  app.add_option("--port", options.port, "0: any free one");
  app.add_option("--only", streams, "Which streams: room, board, card, desk, voice")
      ->check(CLI::IsMember({"room", "board", "card", "desk", "voice"}));
  app.add_option("--clock-ppm", clock_ppm, "How much too fast the cameras' clock runs")
      ->check(CLI::Range(-50'000, 50'000));
  app.add_option("--user", options.user);
  app.add_option("--password", options.password);
  app.add_option("--authentication", options.authentication)->check(CLI::IsMember({"digest", "basic"}));
  app.add_option("--footage", footage)->check(CLI::ExistingFile);
  app.add_option("--log", log, "One line per picture sent");
  app.add_flag("--sync-marks", studio.sync_marks, "A flash and a beep every 2 s");
  app.add_option("--faults", faults,
                 "A file of what goes wrong: black, frozen, silent, hum, clipping; read again and again");
  CLI11_PARSE(app, argc, argv);

  gst_init(nullptr, nullptr);
  studio.epoch_ns = monotonic_ns() - since_mark(monotonic_ns());
  studio.clock_rate = 1 + clock_ppm / 1e6;
  if (!log.empty()) studio.log = std::fopen(log.c_str(), "w");
  GMainLoop* loop = g_main_loop_new(nullptr, FALSE);
  g_unix_signal_add(SIGINT, quit, loop);
  g_unix_signal_add(SIGTERM, quit, loop);
  g_unix_signal_add(SIGUSR1, freeze, &studio);
  g_unix_signal_add(SIGUSR2, thaw, &studio);
  FaultFile fault_file{faults, &studio};
  if (!faults.empty()) g_timeout_add(100, read_faults, &fault_file);
  CameraServer server(studio, options);
  for (const auto& name : streams) server.add(source_of(name, footage, studio));
  const int port = server.listen();
  if (port <= 0) {
    std::fprintf(stderr, "shilu-demo-camera: port %d is in use\n", options.port);
    return 1;
  }
  std::string names;
  for (const auto& name : streams) names += (names.empty() ? "\"" : ",\"") + name + "\"";
  std::printf("{\"port\":%d,\"streams\":[%s]}\n", port, names.c_str());
  std::fflush(stdout);
  g_main_loop_run(loop);
  // Viewers and their threads may still hold media: the end of the process is the simplest way to let go of
  // them all.
  std::fflush(nullptr);
  _exit(0);
}
