#pragma once
// How a source of the settings is given to its capture process.

#include "capture/recorder/source_supervisor.h"
#include "config/appliance.h"

namespace shilu::recorder {

// `data_directory`: the appliance's, where consents to shared screens are kept; empty: nowhere.
SourceSpec capture_command(const config::SourceSettings& settings,
                           const std::filesystem::path& data_directory = {});
std::filesystem::path capture_program();  // shilu-capture beside the running program

}  // namespace shilu::recorder
