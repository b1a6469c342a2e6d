#pragma once
// The real shilu-capture, and a peer in the place of the recorder.

#include <map>
#include <string>
#include <vector>

#include "capture/link/link.h"
#include "firmware/base/process.h"
#include "firmware/base/unix_socket.h"
#include "tests/base/temporary_directory.h"

namespace shilu::test {

class CaptureProcess {
 public:
  explicit CaptureProcess(const std::string& source, std::vector<std::string> more_arguments = {},
                          std::vector<std::string> environment = {});
  ~CaptureProcess();
  std::filesystem::path socket() const { return directory_ / "capture-x.sock"; }
  std::filesystem::path live_socket() const { return directory_ / "live-x.sock"; }
  const TemporaryDirectory& directory() const { return directory_; }
  std::string log() const;
  ChildProcess& process() { return process_; }
  // The exit status, when it ends by itself in time.
  std::optional<int> exit_status(std::chrono::milliseconds deadline);

 private:
  TemporaryDirectory directory_;
  ChildProcess process_;
};

// Connects and keeps all that it is sent.
class Peer {
 public:
  explicit Peer(const std::filesystem::path& socket);
  // Reads until the condition holds; false when it does not in time or the capture closed.
  template <typename Condition>
  bool read_until(Condition condition, std::chrono::milliseconds deadline = std::chrono::seconds(15)) {
    const auto end = SystemClock().monotonic() + deadline;
    while (!condition()) {
      if (!read_one(end)) return condition();
    }
    return true;
  }
  bool read_units(MediaKind kind, std::size_t count,
                  std::chrono::milliseconds deadline = std::chrono::seconds(15));
  // A state with this code that came at any time so far, or comes now.
  bool read_state(link::SourceState state, std::string_view code,
                  std::chrono::milliseconds deadline = std::chrono::seconds(15));
  void acknowledge(MediaKind kind, std::uint64_t number);
  void shutdown();  // the message
  void need_key();  // the message
  bool closed() const { return closed_; }

  const std::vector<link::AccessUnit>& units(MediaKind kind) const {
    return kind == MediaKind::kVideo ? video_ : audio_;
  }
  std::optional<link::Hello> hello;
  std::vector<link::StateChange> states;
  std::map<MediaKind, std::vector<link::TrackParameters>> parameters;
  std::vector<std::string> order;  // "hello", "state", "parameters video", "unit audio" ...

 private:
  bool read_one(MonotonicTime end);

  MessageChannel channel_;
  std::vector<link::AccessUnit> video_;
  std::vector<link::AccessUnit> audio_;
  bool closed_ = false;
};

// What every stream of units must be, whatever the source: numbers and decode times rise without a hole, no
// picture is shown before it is decoded, sync flags match the NAL units.
void check_units(const Peer& peer, MediaKind kind);

// What ffmpeg decodes of the units.
struct Picture {
  std::size_t width = 0;
  std::string luma;  // rows of `width` bytes
  MonotonicTime shown;
  std::uint8_t at(std::size_t x, std::size_t y) const {
    return static_cast<std::uint8_t>(luma[y * width + x]);
  }
};
std::vector<Picture> decoded_pictures(const Peer& peer);  // in the order of presentation; H.264 only
std::vector<std::int16_t> decoded_sound(
    const Peer& peer);  // mono; the first sample belongs to the first unit's time

// The numbers that make_counted_movie burned into the pictures.
std::vector<int> burned_numbers(const Peer& peer);

}  // namespace shilu::test
