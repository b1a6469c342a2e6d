#pragma once
// The files of one directory, as a handler of GET (Server::serve_directory says what is promised).

#include <string>

#include "firmware/http/server.h"

namespace shilu::http {

// The route that calls it must give the path below the prefix as the parameter "rest".
Handler directory_handler(std::string directory);

}  // namespace shilu::http
