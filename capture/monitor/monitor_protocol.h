#pragma once
// monitor.sock: JSON, one event per message, nothing is asked. docs/ref/processes.md, "Monitor".

#include <filesystem>

#include "capture/monitor/alarm.h"

namespace shilu::monitor {

std::filesystem::path monitor_socket(const std::filesystem::path& runtime_directory);  // monitor.sock in it

std::string alarms_message(const std::vector<Alarm>& alarms);
std::string levels_message(const std::vector<TrackLevel>& levels);

}  // namespace shilu::monitor
