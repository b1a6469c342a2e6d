#pragma once
// RTSP server for the demonstration cameras (gst-rtsp-server): TCP and UDP, shared between viewers.

#include <gst/rtsp-server/rtsp-server.h>

#include <list>
#include <memory>
#include <string>
#include <vector>

#include "tests/demo/live_feed.h"

namespace shilu::demo {

struct CameraOptions {
  int port = 0;  // 0: any free one
  std::string user;
  std::string password;
  std::string authentication = "digest";  // or "basic"
};

class CameraServer {
 public:
  CameraServer(Studio& studio, const CameraOptions& options);
  ~CameraServer();
  // rtsp://127.0.0.1:<port>/<source.name>
  void add(const FeedSource& source);
  // Binds; the port, or 0 if it is taken. Serves on the default main context.
  int listen();

 private:
  // One prepared media and the thread that feeds it.
  struct Mount {
    CameraServer* server;
    FeedSource source;
  };
  static void on_configure(GstRTSPMediaFactory* factory, GstRTSPMedia* media, gpointer mount);
  void protect(const CameraOptions& options);

  Studio& studio_;
  const CameraOptions options_;
  GstRTSPServer* server_;
  std::list<Mount> mounts_;
};

}  // namespace shilu::demo
