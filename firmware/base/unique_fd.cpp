#include "firmware/base/unique_fd.h"

#include <unistd.h>

namespace shilu {

void UniqueFd::reset() {
  // Never retried: on Linux the descriptor is gone even after EINTR.
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

}  // namespace shilu
