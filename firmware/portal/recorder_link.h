#pragma once
// Follows the recorder and the monitor: keeps their newest word, tells the pages, opens and closes the live
// picture, keeps the index in step.

#include <memory>
#include <mutex>
#include <optional>

#include "capture/monitor/monitor_client.h"
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
  // The lesson that is recorded now; nullopt: none is. Where none was heard of, the recorder itself is asked.
  Result<std::optional<recorder::LessonStatus>> running();
  void publish();  // the state, to all pages
  // The lesson that was recorded when the recorder was last heard of, if it was recorded then. Where nothing
  // was heard since this program began: the newest lesson that has no stop.
  struct LastLesson {
    std::string id;
    LessonTime now;     // its time, reckoned on
    bool away = false;  // it was in a private moment, or stopped
  };
  std::optional<LastLesson> last_lesson();

 private:
  void on_status(const recorder::RecorderStatus& status);
  void on_connection(bool connected);
  void lesson_changed(const std::string& ended);
  void keep_row(const std::string& lesson);
  void open_preview(const recorder::RecorderStatus& status);
  void on_alarms(const std::vector<monitor::Alarm>& alarms);
  void on_levels(const std::vector<monitor::TrackLevel>& levels);

  const Context context_;
  Preview& preview_;
  std::mutex mutex_;  // guards all below but subscription_ and monitor_
  std::optional<recorder::RecorderStatus> status_;
  std::optional<recorder::LessonStatus> last_;  // of the newest status
  bool heard_ = false;
  bool away_ = false;
  MonotonicTime heard_at_;
  std::vector<monitor::Alarm> alarms_;
  std::string teacher_;  // whose lesson is recorded; empty: nobody's, or none is
  std::unique_ptr<recorder::ControlSubscription> subscription_;
  std::unique_ptr<monitor::MonitorClient> monitor_;
};

}  // namespace shilu::portal
