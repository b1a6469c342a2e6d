#include "capture/live/screen_consent.h"

#include "firmware/base/bytes.h"
#include "firmware/base/file_system.h"
#include "firmware/base/log.h"

namespace shilu::live {
namespace {

constexpr std::uint64_t kLongestToken = 4096;
constexpr unsigned kOwnerOnly = 0600;

Status store(const std::filesystem::path& file, const std::string& token) {
  SHILU_CHECK(posix_file_system().create_directories(file.parent_path()));
  return write_file_atomic(file, as_bytes(token), kOwnerOnly);
}

}  // namespace

ScreenConsent::ScreenConsent(std::filesystem::path file, Asking asking)
    : file_(std::move(file)), asking_(asking) {
  if (file_.empty()) return;
  const auto kept = read_text_file(file_, kLongestToken);
  if (kept) token_ = kept->substr(0, kept->find_first_of("\r\n"));
}

void ScreenConsent::keep(const std::string& token) {
  if (token == token_) return;
  token_ = token;
  if (file_.empty()) return;
  if (const auto stored = store(file_, token); !stored)
    log_warning("the screen's consent could not be kept: {}", stored.error().message);
}

}  // namespace shilu::live
