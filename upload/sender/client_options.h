#pragma once
// What the settings say, as the HTTP client wants it.

#include "config/upload_settings.h"
#include "firmware/http/client.h"

namespace shilu::sender {

// A password file or PAC script that cannot be read is told by the requests that need it.
http::ClientOptions client_options(const config::UploadSettings& settings);

// For the platform's object store: another server with a certificate of its own, so that the platform's pins
// are not asked of it and our certificate is not shown. What is sent there is checked by its digest in any
// case.
http::ClientOptions store_client_options(const config::UploadSettings& settings);

}  // namespace shilu::sender
