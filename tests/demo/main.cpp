// shilu-demo-camera: a room camera with sound and a board, over RTSP on loopback, with counters burned in.
// SIGUSR1 freezes both, SIGUSR2 lets them go on. Prints {"port":N,"streams":[...]} when ready.

#include <glib-unix.h>
#include <gst/gst.h>

#include <CLI/CLI.hpp>
#include <cstdio>

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

}  // namespace

int main(int argc, char** argv) {
  CameraOptions options;
  Studio studio;
  std::string only, log, footage = SHILU_TEST_DATA "/classroom.mp4";
  CLI::App app("Demonstration cameras over RTSP on loopback.", "shilu-demo-camera");
  app.add_option("--port", options.port, "0: any free one");
  app.add_option("--only", only, "room or board")->check(CLI::IsMember({"room", "board"}));
  app.add_option("--user", options.user);
  app.add_option("--password", options.password);
  app.add_option("--authentication", options.authentication)->check(CLI::IsMember({"digest", "basic"}));
  app.add_option("--footage", footage)->check(CLI::ExistingFile);
  app.add_option("--log", log, "One line per picture sent");
  app.add_flag("--sync-marks", studio.sync_marks, "A flash and a beep every 2 s");
  CLI11_PARSE(app, argc, argv);

  gst_init(nullptr, nullptr);
  studio.epoch_ns = monotonic_ns();
  if (!log.empty()) studio.log = std::fopen(log.c_str(), "w");
  GMainLoop* loop = g_main_loop_new(nullptr, FALSE);
  g_unix_signal_add(SIGINT, quit, loop);
  g_unix_signal_add(SIGTERM, quit, loop);
  g_unix_signal_add(SIGUSR1, freeze, &studio);
  g_unix_signal_add(SIGUSR2, thaw, &studio);
  CameraServer server(studio, options);
  if (only != "board") server.add(room_source(footage, studio));
  if (only != "room") server.add(board_source());
  const int port = server.listen();
  if (port <= 0) {
    std::fprintf(stderr, "shilu-demo-camera: port %d is in use\n", options.port);
    return 1;
  }
  const char* streams = only.empty() ? "\"room\",\"board\"" : only == "room" ? "\"room\"" : "\"board\"";
  std::printf("{\"port\":%d,\"streams\":[%s]}\n", port, streams);
  std::fflush(stdout);
  g_main_loop_run(loop);
  // Viewers and their threads may still hold media: the end of the process is the simplest way to let go of them all.
  std::fflush(nullptr);
  _exit(0);
}
