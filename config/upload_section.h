#pragma once
#include "config/toml_section.h"
#include "config/upload_settings.h"

namespace shilu::config {

// [upload] of the settings. kInvalidArgument names file, line and what is wrong.
Status read_upload(const Section& section, UploadSettings& out);

}  // namespace shilu::config
