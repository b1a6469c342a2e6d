#pragma once
// The capture process without its main: tries the source again and again, keeps what it gives, serves the
// recorder.

#include <filesystem>
#include <stop_token>

#include "capture/live/attempt_times.h"
#include "capture/live/backlog.h"
#include "capture/live/screen_consent.h"
#include "capture/live/source_spec.h"

namespace shilu::live {

enum class TransportChoice {
  kAuto,
  kTcp,
  kUdp
};  // auto: TCP first, the other one after a failure that it may mend

struct CaptureOptions {
  SourceSpec source;
  std::filesystem::path socket;
  std::filesystem::path live_socket;  // for who looks on; empty: none
  TransportChoice transport = TransportChoice::kAuto;
  Nanoseconds linger = std::chrono::seconds(60);  // without a recorder
  AttemptTimes times;
  std::filesystem::path consent_file;  // of a shared screen; empty: asked for in each process
  Asking asking = Asking::kAllowed;
  BacklogLimits limits;
};

// The live socket's usual place: live-room.sock beside capture-room.sock; empty beside a socket of another
// name.
std::filesystem::path live_socket_beside(const std::filesystem::path& socket);

// Whether the source's options are within their ranges; opens nothing.
Status check_options(const SourceSpec& source);

// Prepares GStreamer; once, before anything else here.
void initialise();

// Blocks until the recorder says shutdown, none is there for `linger`, or `stop`: all of these are success.
Status run_capture(const CaptureOptions& options, std::stop_source stop);

}  // namespace shilu::live
