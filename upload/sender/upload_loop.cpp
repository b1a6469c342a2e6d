#include "upload/sender/upload_loop.h"

#include <algorithm>

#include "upload/sender/call.h"

namespace shilu::sender {
namespace {

// One PATCH: small enough for proxies that refuse 100 MB, large enough that the round trip does not matter.
constexpr std::uint64_t kSlice = 32u << 20;
constexpr int kMaxConflicts = 3;  // in a row without progress: somebody else writes this upload

bool is_progress(const CallResult<std::uint64_t>& offset, std::uint64_t before, std::uint64_t size) {
  return offset && *offset > before && *offset <= size;
}

}  // namespace

CallResult<UploadEnd> send_rest(TusClient& tus, RunningUpload& upload, const std::filesystem::path& file,
                                std::uint64_t size, const UploadWatch& watch) {
  bool cancelled = false;
  for (int conflicts = 0; upload.offset < size;) {
    const auto progress = [&](std::uint64_t acked) {
      cancelled = !watch.on_acked(upload.offset + acked);
      return !cancelled;
    };
    auto offset =
        tus.append(upload.url, file, upload.offset, std::min(kSlice, size - upload.offset), progress);
    if (cancelled) return UploadEnd::kCancelled;
    if (is_progress(offset, upload.offset, size)) {
      conflicts = 0;
    } else {
      if (!offset && offset.error().kind != CallError::Kind::kConflict)
        return tl::make_unexpected(offset.error());
      if (++conflicts > kMaxConflicts) {
        return tl::make_unexpected(
            CallError{CallError::Kind::kBusy,
                      "the server's offset does not move; somebody else may be sending", std::nullopt});
      }
      offset = tus.offset(upload.url);
      if (!offset) return tl::make_unexpected(offset.error());
    }
    upload.offset = *offset;
    if (const auto stored = watch.on_offset(upload.offset); !stored) {
      return tl::make_unexpected(CallError{CallError::Kind::kRefused, stored.error().message, std::nullopt});
    }
  }
  return UploadEnd::kComplete;
}

}  // namespace shilu::sender
