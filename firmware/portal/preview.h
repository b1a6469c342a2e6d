#pragma once
// The live picture: what has become durable of one track, fragment by fragment, over a WebSocket to the
// page's MediaSource. Thread-safe. docs/ref/device-api.md, GET /api/preview/{track}.

#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "capture/recorder/control_protocol.h"
#include "firmware/http/server.h"
#include "firmware/portal/lesson_library.h"

namespace shilu::portal {

class Preview {
 public:
  explicit Preview(LessonLibrary& lessons) : lessons_(lessons) {}

  void add(const std::string& track, std::shared_ptr<http::WebSocket> viewer);
  void remove(const std::shared_ptr<http::WebSocket>& viewer);
  void on_fragment(const recorder::FragmentNotice& notice);  // from the recorder's news
  void on_end();                                             // no lesson any more

 private:
  struct Epoch {
    std::string lesson;
    unsigned number = 0;
    std::filesystem::path file;
    std::string mime;
    std::shared_ptr<const Bytes> header;
  };
  struct Viewer {
    std::shared_ptr<http::WebSocket> socket;
    bool begun = false;  // has the header of the present epoch, and a key fragment since
  };
  struct Track {
    std::optional<Epoch> epoch;
    std::vector<Viewer> viewers;
  };
  Result<Epoch> load_epoch(const recorder::FragmentNotice& notice);
  Status use_epoch(const recorder::FragmentNotice& notice, Track& track);
  static bool begin(const Epoch& epoch, Viewer& viewer);

  LessonLibrary& lessons_;
  std::mutex mutex_;  // guards tracks_
  std::map<std::string, Track> tracks_;
};

}  // namespace shilu::portal
