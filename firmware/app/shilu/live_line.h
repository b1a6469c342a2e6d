#pragma once
// One line on stderr that tells how a recording goes: written over in a terminal, else told anew every 5 s.

#include "capture/recorder/recorder_status.h"

namespace shilu::cli {

class LiveLine {
 public:
  LiveLine();
  ~LiveLine();  // leaves the last line standing
  LiveLine(const LiveLine&) = delete;
  LiveLine& operator=(const LiveLine&) = delete;

  void show(const recorder::RecorderStatus& status);

 private:
  bool terminal_;
  std::int64_t next_ms_ = 0;
};

}  // namespace shilu::cli
