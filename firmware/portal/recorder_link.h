#pragma once
// Follows the recorder: keeps its newest status, tells the pages, feeds the live picture, keeps the index in
// step.

#include <memory>
#include <mutex>
#include <optional>

#include "capture/recorder/control_client.h"
#include "firmware/portal/context.h"
#include "firmware/portal/preview.h"

namespace shilu::portal {

class RecorderLink {
 public:
  RecorderLink(const Context& context, Preview& preview) : context_(context), preview_(preview) {}
  void start();
  void stop();   // no callback runs after it
  Json state();  // as GET /api/state answers; asks the recorder if nothing was heard yet
  std::optional<recorder::RecorderStatus> status();  // the newest one; nullopt: the recorder is away
  void publish();                                    // the state, to all pages

 private:
  void on_status(const recorder::RecorderStatus& status);
  void on_connection(bool connected);
  void lesson_changed(const std::string& ended);

  const Context context_;
  Preview& preview_;
  std::mutex mutex_;  // guards status_
  std::optional<recorder::RecorderStatus> status_;
  std::unique_ptr<recorder::ControlSubscription> subscription_;
};

}  // namespace shilu::portal
