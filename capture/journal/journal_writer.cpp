#include "capture/journal/journal_writer.h"

#include "capture/journal/file_names.h"
#include "capture/journal/tree_writer.h"
#include "firmware/lesson/lesson_info.h"

namespace shilu::journal {
namespace {

Result<std::string> lesson_id_of(std::string_view lesson_json) {
  SHILU_TRY(const auto info, LessonInfo::from_json(lesson_json));
  return info.lesson_id;
}

Result<std::optional<std::size_t>> next_record(ByteView bytes) {
  SHILU_TRY(const auto record, decode(bytes));
  return record ? std::optional(record->size) : std::nullopt;
}

constexpr TreeKind kLessonTree{kLessonJson, HeadKind::kLesson, lesson_id_of, next_record};

}  // namespace

struct JournalWriter::Impl {
  TreeWriter tree;
};

JournalWriter::JournalWriter(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
JournalWriter::JournalWriter(JournalWriter&&) noexcept = default;
JournalWriter& JournalWriter::operator=(JournalWriter&&) noexcept = default;
JournalWriter::~JournalWriter() = default;

Result<JournalWriter> JournalWriter::create(FileSystem& files, const std::filesystem::path& directory,
                                            std::string lesson_id, std::string_view lesson_json) {
  SHILU_TRY(auto tree, TreeWriter::create(files, directory, kLessonTree, std::move(lesson_id), lesson_json));
  return JournalWriter(std::make_unique<Impl>(Impl{std::move(tree)}));
}

Result<JournalWriter> JournalWriter::reopen(FileSystem& files, const std::filesystem::path& directory) {
  SHILU_TRY(auto tree, TreeWriter::reopen(files, directory, kLessonTree));
  return JournalWriter(std::make_unique<Impl>(Impl{std::move(tree)}));
}

void JournalWriter::append(const Record& record) {
  impl_->tree.append(encode(record));
}

Status JournalWriter::sync() {
  return impl_->tree.sync();
}

Result<Checkpoint> JournalWriter::head(LessonTime at, const Clock& clock, std::string_view reason) const {
  return impl_->tree.head(at, clock, reason);
}

Status JournalWriter::store(const SignedCheckpoint& signed_head) {
  return impl_->tree.store(signed_head);
}

Status JournalWriter::checkpoint(const SigningKey& key, LessonTime at, const Clock& clock,
                                 std::string_view reason) {
  SHILU_TRY(const auto head_to_sign, head(at, clock, reason));
  SHILU_TRY(const auto signed_head, sign_checkpoint(head_to_sign, key));
  return store(signed_head);
}

std::uint64_t JournalWriter::synced_leaves() const {
  return impl_->tree.synced_leaves();
}
std::uint64_t JournalWriter::checkpointed_leaves() const {
  return impl_->tree.checkpointed_leaves();
}
std::uint64_t JournalWriter::cut_bytes() const {
  return impl_->tree.cut_bytes();
}

}  // namespace shilu::journal
