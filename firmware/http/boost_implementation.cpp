// The compiled parts of Asio and Beast (see CMakeLists.txt), so that no other file pays for them.

#include "firmware/http/asio.h"

#include <boost/asio/impl/src.hpp>
#include <boost/beast/src.hpp>
