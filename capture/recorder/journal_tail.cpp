#include "capture/recorder/journal_tail.h"

#include <algorithm>

namespace shilu::recorder {
namespace {

// Behind a stop come deletions only, and each of their records says that it stands behind it. A deletion of a
// dozen tracks in a few pieces each fits.
constexpr std::uint64_t kTail = 16'384;

std::size_t place_of(std::string_view text, std::string_view what) {
  const auto place = text.rfind(what);
  return place == std::string_view::npos ? 0 : place + 1;
}

}  // namespace

JournalTail read_journal_tail(FileSystem& files, const std::filesystem::path& journal) {
  const auto file = files.open(journal, OpenMode::kRead);
  if (!file) return {};
  const auto size = (*file)->size().value_or(0);
  const auto bytes = (*file)->read_at(size - std::min(size, kTail), kTail);
  if (!bytes) return {};
  const auto text = as_text(*bytes);
  const auto behind = place_of(text, "\"after_stop\":true");
  JournalTail tail;
  tail.stopped = behind > 0 || place_of(text, "\"event\":\"stop\"") > 0;
  tail.deletion_pending = tail.stopped && place_of(text, "\"event\":\"redaction\"") >
                                              place_of(text, "\"event\":\"redaction-done\"");
  return tail;
}

}  // namespace shilu::recorder
