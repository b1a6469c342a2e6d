#pragma once
// Shows what a source gives at this moment to whoever looks on: the live picture of the pages, the meters,
// the check before a lesson. A socket of its own beside the recorder's, so that looking on can neither hold
// up nor take anything from the recording. Says hello and then the link's messages from the last sync picture
// on; hears nothing. docs/ref/processes.md. A viewer that does not keep up loses whole GOPs.

#include <filesystem>
#include <list>
#include <memory>
#include <thread>

#include "capture/live/backlog.h"
#include "firmware/base/unix_socket.h"

namespace shilu::live {

// What is kept for viewers: more than a GOP, or one that joins would see nothing until the next.
inline constexpr BacklogLimits kLiveLimits{std::chrono::seconds(12), 16u << 20};

class LiveServer {
 public:
  // `backlog` outlives it. kAlreadyExists: another process serves there.
  static Result<std::unique_ptr<LiveServer>> open(const std::filesystem::path& socket, link::Hello hello,
                                                  Backlog& backlog);
  ~LiveServer();  // ends all connections and threads; the socket file is removed
  LiveServer(const LiveServer&) = delete;
  LiveServer& operator=(const LiveServer&) = delete;

 private:
  class Viewer;
  LiveServer(std::filesystem::path socket, link::Hello hello, UniqueFd listener, Backlog& backlog);
  void accept();

  const std::filesystem::path path_;
  const link::Hello hello_;
  Backlog& backlog_;
  UniqueFd listener_;
  std::list<std::unique_ptr<Viewer>> viewers_;  // the accepting thread's, and the destructor's after it
  std::thread thread_;
};

}  // namespace shilu::live
