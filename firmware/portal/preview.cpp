#include "firmware/portal/preview.h"

#include <fmt/format.h>

#include <algorithm>

#include "firmware/base/file_system.h"
#include "firmware/base/json_io.h"
#include "firmware/base/log.h"
#include "firmware/lesson/track.h"

namespace shilu::portal {
namespace {

// A viewer that is further behind than this skips to the next key fragment: live means now.
constexpr std::size_t kMaxBehind = 4u << 20;

Result<Bytes> read_piece(const std::filesystem::path& path, std::uint64_t offset, std::size_t size) {
  SHILU_TRY(const auto file, posix_file_system().open(path, OpenMode::kRead));
  SHILU_TRY(Bytes bytes, file->read_at(offset, size));
  if (bytes.size() != size)
    return fail(ErrorKind::kCorrupted, path.string() + " is shorter than its journal says");
  return bytes;
}

std::string mime_of(const std::string& track, const std::string& codec) {
  const auto name = parse_track_name(track);
  const std::string_view kind = name ? to_string(name->kind) : "video";
  return fmt::format("{}/mp4; codecs=\"{}\"", kind, codec);
}

}  // namespace

void Preview::add(const std::string& track, std::shared_ptr<http::WebSocket> viewer) {
  const std::lock_guard lock(mutex_);
  tracks_[track].viewers.push_back({std::move(viewer), false});
}

void Preview::remove(const std::shared_ptr<http::WebSocket>& viewer) {
  const std::lock_guard lock(mutex_);
  for (auto& [name, track] : tracks_) {
    std::erase_if(track.viewers, [&](const Viewer& one) { return one.socket == viewer; });
  }
}

// From the folder, not from the recorder's news: so it also works for who came in mid-lesson.
Result<Preview::Epoch> Preview::load_epoch(const recorder::FragmentNotice& notice) {
  return lessons_.with<Epoch>(notice.lesson_id, [&](journal::LessonFolder& folder) -> Result<Epoch> {
    for (const journal::TrackView& track : folder.tracks()) {
      if (track.name != notice.track) continue;
      for (const journal::TrackEpoch& epoch : track.epochs) {
        if (epoch.event.epoch != notice.epoch) continue;
        SHILU_TRY(Bytes header, read_piece(epoch.file, 0, epoch.event.header_size));
        return Epoch{notice.lesson_id, notice.epoch, epoch.file, mime_of(notice.track, epoch.event.codec),
                     std::make_shared<const Bytes>(std::move(header))};
      }
    }
    return fail(ErrorKind::kNotFound, fmt::format("{} has no epoch {}", notice.track, notice.epoch));
  });
}

Status Preview::use_epoch(const recorder::FragmentNotice& notice, Track& track) {
  if (track.epoch && track.epoch->lesson == notice.lesson_id && track.epoch->number == notice.epoch)
    return {};
  SHILU_TRY(track.epoch, load_epoch(notice));
  for (Viewer& viewer : track.viewers) viewer.begun = false;
  return {};
}

bool Preview::begin(const Epoch& epoch, Viewer& viewer) {
  viewer.begun = true;
  return viewer.socket->send_text(canonical_json({{"mime", epoch.mime}})) &&
         viewer.socket->send_binary(epoch.header);
}

void Preview::on_fragment(const recorder::FragmentNotice& notice) {
  const std::lock_guard lock(mutex_);
  const auto found = tracks_.find(notice.track);
  if (found == tracks_.end() || found->second.viewers.empty()) return;
  Track& track = found->second;
  if (const auto used = use_epoch(notice, track); !used) {
    log_warning("preview: {}", used.error().message);
    return;
  }
  auto bytes = read_piece(track.epoch->file, notice.offset, notice.size);
  if (!bytes) return;
  const auto fragment = std::make_shared<const Bytes>(std::move(*bytes));
  std::erase_if(track.viewers, [&](Viewer& viewer) {
    if (viewer.socket->queued_bytes() > kMaxBehind) viewer.begun = false;
    if (!viewer.begun && !notice.key) return false;
    if (!viewer.begun && !begin(*track.epoch, viewer)) return true;
    return !viewer.socket->send_binary(fragment);
  });
}

void Preview::on_end() {
  const std::lock_guard lock(mutex_);
  for (auto& [name, track] : tracks_) track.epoch.reset();
}

}  // namespace shilu::portal
