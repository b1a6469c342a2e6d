#include "capture/live/capture.h"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "capture/live/attempt.h"
#include "capture/live/live_server.h"
#include "capture/live/peer_server.h"
#include "firmware/base/log.h"

namespace shilu::live {
namespace {

constexpr Nanoseconds kFirstPause = std::chrono::milliseconds(500);
constexpr Nanoseconds kLongestPause = std::chrono::seconds(5);
// Nobody is pestered: after a refusal, and after a question that may have been put in vain.
constexpr Nanoseconds kAfterRefusal = std::chrono::minutes(10);
constexpr Nanoseconds kAfterQuestion = std::chrono::minutes(1);

// Waits, but not beyond the stop.
void pause(Nanoseconds time, const std::stop_token& stop) {
  std::mutex mutex;
  std::unique_lock lock(mutex);
  std::condition_variable_any stopped;
  stopped.wait_for(lock, stop, time, [] { return false; });
}

// Which transport the next attempt uses.
class TransportPlan {
 public:
  explicit TransportPlan(TransportChoice choice)
      : automatic_(choice == TransportChoice::kAuto),
        current_(choice == TransportChoice::kUdp ? Transport::kUdp : Transport::kTcp) {}
  Transport current() const { return current_; }
  void learn(const AttemptEnd& end) {
    const bool other_may_help = end.why.code == "unsupported" || end.why.code == "no-data";
    if (!automatic_ || end.delivered || !other_may_help) return;
    current_ = current_ == Transport::kTcp ? Transport::kUdp : Transport::kTcp;
  }

 private:
  bool automatic_;
  Transport current_;
};

// Tells what is new; a source that stays away for the same reason is told once.
class StateReport {
 public:
  explicit StateReport(Backlog& backlog) : backlog_(backlog) {}
  void connecting(const SourceSpec& source) {
    backlog_.set_state({link::SourceState::kConnecting, "Connecting to " + source.shown() + ".", ""});
  }
  void lost(const AttemptEnd& end) {
    const bool same = !end.delivered && end.why.code == code_ && end.why.detail == detail_;
    if (same) return;
    code_ = end.why.code;
    detail_ = end.why.detail;
    log_warning("{} [{}]", detail_, code_);
    backlog_.set_state(end.why);
  }

 private:
  Backlog& backlog_;
  std::string code_;
  std::string detail_;
};

void wait_for(const std::stop_token& stop) {
  while (!stop.stop_requested()) pause(std::chrono::hours(1), stop);
}

Nanoseconds tact(const AttemptEnd& end, const SourceSpec& source, const ScreenConsent& consent) {
  if (end.why.code == "denied") return kAfterRefusal;
  const bool asked = source.is_shared_screen() && consent.token().empty() && end.why.code == "failed";
  return asked ? kAfterQuestion : Nanoseconds(0);
}

// Attempts, one after the other.
void follow_source(const CaptureOptions& options, Backlog& backlog, std::atomic<bool>& key_needed,
                   const std::stop_token& stop) {
  ScreenConsent consent(options.consent_file, options.asking);
  TransportPlan transport(options.transport);
  StateReport report(backlog);
  KeyMender mender(options.source);
  const AttemptSurroundings around{options.source, options.times, backlog, consent, key_needed, mender};
  report.connecting(options.source);
  auto pause_time = kFirstPause;
  AttemptPlan plan;
  AttemptEnd before;
  while (!stop.stop_requested()) {
    plan.transport = transport.current();
    const auto end = run_attempt(around, plan, stop);
    if (stop.stop_requested()) return;
    report.lost(end);
    if (end.finished) return wait_for(stop);
    // One attempt can be unlucky with a packet. A sound that fails twice running stays out; a picture that
    // does not come twice running is not waited for any more.
    if (end.for_sound && before.for_sound) plan.sound = false;
    plan.sound_alone = end.for_picture && before.for_picture;
    if (!end.for_sound) transport.learn(end);
    plan.resumed = plan.resumed || end.delivered;
    pause_time = end.delivered ? kFirstPause : pause_time;
    pause(std::max(pause_time, tact(end, options.source, consent)), stop);
    pause_time = std::min(pause_time * 2, kLongestPause);
    before = end;
  }
}

// Looking on is a comfort: a capture whose live socket is taken records nevertheless.
std::unique_ptr<LiveServer> serve_onlookers(const CaptureOptions& options, const link::Hello& hello,
                                            Backlog& live) {
  if (options.live_socket.empty()) return nullptr;
  auto server = LiveServer::open(options.live_socket, hello, live);
  if (server) return std::move(*server);
  log_warning("nobody can look on: {}", server.error().message);
  return nullptr;
}

// The camera's small stream, for the live picture alone.
void follow_sub_stream(const CaptureOptions& options, Backlog& live, const std::stop_token& stop) {
  auto small = options;
  small.source = options.source.sub_stream();
  Backlog pictures(kLiveLimits);
  pictures.mirror_to(live, Backlog::Mirrored::kPictures);
  std::atomic<bool> key_needed = false;  // nobody records it
  follow_source(small, pictures, key_needed, stop);
}

}  // namespace

Status check_options(const SourceSpec& source) {
  return assembly_options_for(source).map([](const AssemblyOptions&) {});
}

std::filesystem::path live_socket_beside(const std::filesystem::path& socket) {
  constexpr std::string_view kPrefix = "capture-";
  const auto name = socket.filename().string();
  if (!name.starts_with(kPrefix)) return {};
  return socket.parent_path() / ("live-" + name.substr(kPrefix.size()));
}

void initialise() {
  gst_init(nullptr, nullptr);
}

Status run_capture(const CaptureOptions& options, std::stop_source stop) {
  Backlog live(kLiveLimits);
  Backlog backlog(options.limits);
  std::atomic<bool> key_needed = false;
  const bool sub = !options.source.sub.empty();
  if (!options.live_socket.empty())
    backlog.mirror_to(live, sub ? Backlog::Mirrored::kSoundAndStates : Backlog::Mirrored::kAll);
  const link::Hello hello{options.source.name, options.source.kind, boot_id(),
                          static_cast<std::uint32_t>(::getpid())};
  SHILU_TRY(const auto server, PeerServer::open({options.socket, hello, options.linger}, backlog,
                                                {[stop](std::string_view why) mutable {
                                                   log_info("ending: {}", why);
                                                   stop.request_stop();
                                                 },
                                                 [&key_needed] { key_needed = true; }}));
  const auto onlookers = serve_onlookers(options, hello, live);
  std::jthread small;
  if (sub && onlookers) small = std::jthread([&] { follow_sub_stream(options, live, stop.get_token()); });
  follow_source(options, backlog, key_needed, stop.get_token());
  return {};
}

}  // namespace shilu::live
