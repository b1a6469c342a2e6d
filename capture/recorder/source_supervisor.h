#pragma once
// Keeps one capture process running and listens to it. The process is detached: it outlives the recorder, and
// a new recorder takes it over with all that it still holds. One thread per source.

#include <atomic>
#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "capture/link/link.h"
#include "capture/recorder/fragment.h"
#include "firmware/base/process.h"
#include "firmware/base/unix_socket.h"

namespace shilu::recorder {

struct SourceSpec {
  std::string name;
  std::string kind;  // "rtsp"
  bool required = true;
  std::vector<std::string> capture_arguments;  // of shilu-capture, without --socket
  int value = 0;  // where the disk has too little room, the least is given up first; 0: by its kind
};

// Called on the supervisor's thread.
class SourceListener {
 public:
  virtual ~SourceListener() = default;
  // `peer` is another number for every capture process; the same one may connect again and repeat what it
  // holds.
  virtual void peer_connected(std::uint64_t peer) = 0;
  virtual void peer_lost() = 0;
  virtual void state_changed(const link::StateChange& change) = 0;
  virtual void parameters_changed(const link::TrackParameters& parameters) = 0;
  virtual void unit_arrived(link::AccessUnit unit) = 0;
};

class SourceSupervisor {
 public:
  struct Options {
    SourceSpec source;
    std::filesystem::path runtime_directory;
    std::filesystem::path capture_program;
    std::optional<std::filesystem::path> capture_log;
    Nanoseconds first_backoff = std::chrono::milliseconds(200);
    Nanoseconds longest_backoff = std::chrono::seconds(5);
    // A live source whose process says nothing for so long is stuck: the process is killed.
    Nanoseconds stuck_after = std::chrono::seconds(10);
  };

  SourceSupervisor(Options options, SourceListener& listener);
  ~SourceSupervisor();  // as end(kLeaveRunning)
  SourceSupervisor(const SourceSupervisor&) = delete;
  SourceSupervisor& operator=(const SourceSupervisor&) = delete;

  void start();
  enum class Ending { kLeaveRunning, kShutDown };
  void end(Ending ending);  // joins the thread; idempotent

  // Any thread: the capture may forget everything up to this unit. Of another process than the connected:
  // ignored.
  void acknowledge(MediaKind kind, UnitName unit);
  void need_key();  // from the capture: link::NeedKey

 private:
  void run();
  void live_one_connection(UniqueFd fd);
  bool greet(const link::Hello& hello);
  void listen();
  void dispatch(link::Message message);
  std::optional<UniqueFd> reach();
  void spawn();
  bool pause(Nanoseconds time);  // false: ending
  void tell_trouble(std::string code, std::string detail);
  bool stuck();
  std::filesystem::path socket_path() const;

  Options options_;
  SourceListener& listener_;
  SystemClock clock_;
  std::thread thread_;

  std::mutex mutex_;
  std::condition_variable wake_;
  bool ending_ = false;                    // guarded by mutex_
  std::optional<MessageChannel> channel_;  // replaced under mutex_, by the thread; sent to under mutex_
  std::uint64_t peer_ = 0;                 // guarded by mutex_ for other threads

  // The thread's own.
  std::optional<ChildProcess> child_;
  std::uint32_t peer_pid_ = 0;
  Nanoseconds backoff_{0};
  bool live_ = false;
  MonotonicTime last_message_;
  MonotonicTime spawned_at_;
};

}  // namespace shilu::recorder
