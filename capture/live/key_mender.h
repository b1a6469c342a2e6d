#pragma once
// Sets the distance of a camera's key pictures by ONVIF, where the source allows it: once in the life of a
// capture, and beside its work, since the camera's web server may be slow or hang.

#include <mutex>
#include <string>
#include <thread>

#include "capture/live/source_spec.h"

namespace shilu::live {

class KeyMender {
 public:
  explicit KeyMender(const SourceSpec& source) : source_(source) {}
  void begin();           // only the first call does something; from one thread
  std::string outcome();  // a sentence, once there is one; from any thread

 private:
  void mend(const std::stop_token& stop);

  const SourceSpec source_;
  std::mutex mutex_;
  std::string outcome_;  // guarded by mutex_
  std::jthread thread_;  // last: it uses what is above
};

}  // namespace shilu::live
