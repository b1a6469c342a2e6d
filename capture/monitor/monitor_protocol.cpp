#include "capture/monitor/monitor_protocol.h"

#include "firmware/base/json_io.h"

namespace shilu::monitor {

std::filesystem::path monitor_socket(const std::filesystem::path& runtime_directory) {
  return runtime_directory / "monitor.sock";
}

std::string alarms_message(const std::vector<Alarm>& alarms) {
  return canonical_json(Json{{"event", "alarms"}, {"alarms", to_json(alarms)}});
}

std::string levels_message(const std::vector<TrackLevel>& levels) {
  return canonical_json(Json{{"event", "levels"}, {"levels", to_json(levels)}});
}

}  // namespace shilu::monitor
