// Clips and documents.

#include "firmware/base/ids.h"
#include "firmware/base/json_io.h"
#include "firmware/store/device_store_impl.h"

namespace shilu::store {
namespace {

Result<Clip> read_clip(const Row& row) {
  Clip clip;
  std::string sources;
  row.read(clip.id, clip.lesson_id, clip.point, clip.from_ms, clip.to_ms, sources, clip.mark_id,
           clip.created_utc_ms);
  SHILU_TRY(const auto list, parse_json(sources));
  for (const auto& source : list) {
    if (!source.is_string())
      return fail(ErrorKind::kCorrupted, fmt::format("clip {} has no list of sources", clip.id));
    clip.sources.push_back(source.get<std::string>());
  }
  return clip;
}

Result<Document> read_document(const Row& row) {
  Document document;
  row.read(document.id, document.lesson_id, document.clip_id, document.title, document.media_type,
           document.file, document.size_bytes, document.sha256, document.created_utc_ms);
  return document;
}

constexpr std::string_view kClips =
    "select id, lesson, point, from_ms, to_ms, sources, mark, created_utc_ms from clips ";
constexpr std::string_view kDocuments =
    "select id, lesson, clip, title, media_type, file, size_bytes, sha256, created_utc_ms from documents ";

std::string select(std::string_view table, std::string_view rest) {
  return std::string(table).append(rest);
}

}  // namespace

Result<Clip> DeviceStore::create_clip(Clip clip) {
  const std::lock_guard lock(impl_->mutex);
  clip.id = new_uuid();
  clip.created_utc_ms = impl_->now_ms();
  SHILU_TRY(std::ignore,
            impl_->database.run("insert into clips (id, lesson, point, from_ms, to_ms, sources, mark, "
                                "created_utc_ms) values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
                                clip.id, clip.lesson_id, clip.point, clip.from_ms, clip.to_ms,
                                canonical_json(Json(clip.sources)), clip.mark_id, clip.created_utc_ms));
  return clip;
}

Status DeviceStore::update_clip(const Clip& clip) {
  const std::lock_guard lock(impl_->mutex);
  SHILU_TRY(const auto changed,
            impl_->database.run("update clips set point = ?2, from_ms = ?3, to_ms = ?4, sources = ?5, mark = "
                                "?6 where id = ?1 and not exists (select 1 from submissions "
                                "where clip = ?1 and state not in ('withdrawn', 'rejected'))",
                                clip.id, clip.point, clip.from_ms, clip.to_ms,
                                canonical_json(Json(clip.sources)), clip.mark_id));
  if (changed > 0) return {};
  SHILU_TRY(std::ignore,
            required(at_most_one(impl_->database.query(select(kClips, "where id = ?1"), clip.id), read_clip),
                     "clip", clip.id));
  return fail(ErrorKind::kFailedPrecondition, fmt::format("clip {} has been submitted", clip.id));
}

Status DeviceStore::delete_clip(std::string_view id) {
  const std::lock_guard lock(impl_->mutex);
  return expect_change(impl_->database.run("delete from clips where id = ?1", id), "clip", id);
}

Result<Clip> DeviceStore::clip(std::string_view id) {
  const std::lock_guard lock(impl_->mutex);
  return required(at_most_one(impl_->database.query(select(kClips, "where id = ?1"), id), read_clip), "clip",
                  id);
}

Result<std::vector<Clip>> DeviceStore::clips_of(std::string_view lesson_id) {
  const std::lock_guard lock(impl_->mutex);
  // UUIDv7: by id is by time of making, whatever the wall clock was set to in between.
  return all(impl_->database.query(select(kClips, "where lesson = ?1 order by id"), lesson_id), read_clip);
}

Result<Document> DeviceStore::create_document(Document document) {
  const std::lock_guard lock(impl_->mutex);
  document.id = new_uuid();
  document.created_utc_ms = impl_->now_ms();
  SHILU_TRY(std::ignore,
            impl_->database.run(
                "insert into documents (id, lesson, clip, title, media_type, file, size_bytes, sha256, "
                "created_utc_ms) values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
                document.id, document.lesson_id, document.clip_id, document.title, document.media_type,
                document.file, document.size_bytes, document.sha256, document.created_utc_ms));
  return document;
}

Status DeviceStore::delete_document(std::string_view id) {
  const std::lock_guard lock(impl_->mutex);
  return expect_change(impl_->database.run("delete from documents where id = ?1", id), "document", id);
}

Result<Document> DeviceStore::document(std::string_view id) {
  const std::lock_guard lock(impl_->mutex);
  return required(at_most_one(impl_->database.query(select(kDocuments, "where id = ?1"), id), read_document),
                  "document", id);
}

Result<std::vector<Document>> DeviceStore::documents_of(std::string_view lesson_id) {
  const std::lock_guard lock(impl_->mutex);
  return all(impl_->database.query(select(kDocuments, "where lesson = ?1 order by id"), lesson_id),
             read_document);
}

}  // namespace shilu::store
