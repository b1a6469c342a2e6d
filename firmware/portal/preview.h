#pragma once
// The live picture: what the captures show at this moment, one small piece of MP4 per picture, over a
// WebSocket to the page's MediaSource. It comes past the recorder, which therefore never waits for a page;
// what is on disk is told by the state, not by this picture. Shown only while a lesson is recorded, and only
// to its teacher: nobody looks into a classroom from afar. Thread-safe. docs/ref/device-api.md, GET
// /api/preview/{track}.

#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "firmware/http/server.h"
#include "firmware/lesson/track.h"
#include "firmware/portal/event_hub.h"

namespace shilu::portal {

class Preview {
 public:
  explicit Preview(std::filesystem::path runtime_directory);
  ~Preview();

  void add(const std::string& track, Listening who, std::shared_ptr<http::WebSocket> viewer);
  void remove(const std::shared_ptr<http::WebSocket>& viewer);
  // The teacher whose lesson is being recorded; "" when it belongs to nobody, nullopt when none is recorded.
  // Viewers that are not his are sent away.
  void set_owner(const std::optional<std::string>& teacher);
  // Sends away the viewers whose session ended.
  void keep_only(const std::function<bool(const std::string& session)>& lives);

 private:
  class Viewer;
  struct Waiting {  // for a lesson to begin
    TrackName track;
    Listening who;
    std::shared_ptr<http::WebSocket> socket;
  };
  bool owned_by(const Listening& who) const;
  const std::filesystem::path runtime_directory_;
  std::mutex mutex_;  // guards the three below
  std::optional<std::string> owner_;
  std::vector<Waiting> waiting_;
  std::vector<std::unique_ptr<Viewer>> viewers_;
};

}  // namespace shilu::portal
