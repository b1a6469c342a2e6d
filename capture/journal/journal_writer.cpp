#include "capture/journal/journal_writer.h"

#include <fmt/format.h>

#include "capture/journal/checkpoint_file.h"
#include "capture/journal/file_names.h"
#include "firmware/lesson/lesson_info.h"

namespace shilu::journal {
namespace {

using std::filesystem::path;

// An append-only file and where it ends.
struct AppendFile {
  std::unique_ptr<File> file;
  std::uint64_t end = 0;

  Status append(ByteView bytes) {
    SHILU_CHECK(file->write_at(end, bytes));
    SHILU_CHECK(file->sync_data());
    end += bytes.size();
    return {};
  }

  Status cut(std::uint64_t size) {
    SHILU_CHECK(file->truncate(size));
    SHILU_CHECK(file->sync_data());
    end = size;
    return {};
  }
};

Result<Bytes> read_all(File& file) {
  SHILU_TRY(const auto size, file.size());
  return file.read_at(0, size);
}

// Whole or not there at all: a lesson.json is what makes a folder a lesson.
Status write_lesson_json(FileSystem& files, const path& directory, std::string_view text) {
  const auto temporary = directory / kLessonJsonTemporary;
  SHILU_TRY(const auto file, files.open(temporary, OpenMode::kCreateOrOpen));
  SHILU_CHECK(file->truncate(0));
  SHILU_CHECK(file->write_at(0, as_bytes(text)));
  SHILU_CHECK(file->sync_data());
  SHILU_CHECK(files.rename(temporary, directory / kLessonJson));
  return files.sync_directory(directory);
}

// What the sound front of a journal holds.
struct JournalPrefix {
  Frontier tree;
  std::uint64_t size = 0;
};

Result<JournalPrefix> read_journal(ByteView bytes, const Digest& lesson_leaf) {
  JournalPrefix prefix;
  prefix.tree.append(lesson_leaf);
  if (bytes.size() < kMagic.size()) return prefix;  // cut off while it was made
  if (as_text(bytes.first(kMagic.size())) != kMagic) {
    return fail(ErrorKind::kCorrupted, "the file `journal` is not a journal of this program");
  }
  prefix.size = kMagic.size();
  while (true) {
    const auto rest = bytes.subspan(prefix.size);
    SHILU_TRY(const auto record, decode(rest));
    if (!record) return prefix;
    prefix.tree.append(leaf_hash(rest.first(record->size)));
    prefix.size += record->size;
  }
}

}  // namespace

struct JournalWriter::Impl {
  std::string lesson_id;
  AppendFile journal;
  AppendFile checkpoints;
  Frontier tree;  // of what is synced
  Bytes buffer;
  std::vector<Digest> buffered_leaves;
  Digest previous{};  // of the last checkpoint's line
  std::uint64_t checkpointed = 0;
  std::uint64_t cut = 0;
  bool broken = false;

  Status usable() const {
    if (!broken) return {};
    return fail(ErrorKind::kFailedPrecondition,
                "the journal could not be written before; it must be reopened");
  }

  // Everything that touches the disk goes through here: one failure ends it.
  Status guard(Status status) {
    if (!status) broken = true;
    return status;
  }

  Status flush() {
    if (buffer.empty()) return {};
    SHILU_CHECK(journal.append(buffer));
    for (const auto& leaf : buffered_leaves) tree.append(leaf);
    buffer.clear();
    buffered_leaves.clear();
    return {};
  }

  Status store(const SignedCheckpoint& signed_checkpoint) {
    SHILU_CHECK(checkpoints.append(as_bytes(signed_checkpoint.line + "\n")));
    previous = sha256(signed_checkpoint.line);
    checkpointed = signed_checkpoint.checkpoint.tree_size;
    return {};
  }

  Status load_journal() {
    SHILU_TRY(const auto bytes, read_all(*journal.file));
    SHILU_TRY(const auto prefix, read_journal(bytes, tree_leaf));
    tree = prefix.tree;
    journal.end = prefix.size;
    return {};
  }

  Status load_checkpoints() {
    SHILU_TRY(const auto bytes, read_all(*checkpoints.file));
    const auto prefix = read_checkpoint_prefix(as_text(bytes));
    if (prefix.error) return fail(*prefix.error);
    checkpoints.end = prefix.size;
    for (const auto& one : prefix.checkpoints)
      checkpointed = std::max(checkpointed, one.checkpoint.tree_size);
    if (!prefix.checkpoints.empty()) previous = sha256(prefix.checkpoints.back().line);
    return {};
  }

  // Only an unsigned tail is cut: where a signed head covers more than what is sound, the damage is evidence.
  Status cut_tails() {
    if (checkpointed > tree.size()) {
      return fail(ErrorKind::kCorrupted,
                  fmt::format("the journal is damaged behind leaf {}, and a checkpoint has signed {} leaves",
                              tree.size() - 1, checkpointed));
    }
    for (auto* one : {&journal, &checkpoints}) {
      SHILU_TRY(const auto size, one->file->size());
      cut += size - one->end;
      if (size > one->end) SHILU_CHECK(one->cut(one->end));
    }
    if (journal.end == 0) return journal.append(as_bytes(kMagic));
    return {};
  }

  Digest tree_leaf{};  // hash of lesson.json, leaf 0
};

JournalWriter::JournalWriter(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
JournalWriter::JournalWriter(JournalWriter&&) noexcept = default;
JournalWriter& JournalWriter::operator=(JournalWriter&&) noexcept = default;
JournalWriter::~JournalWriter() = default;

Result<JournalWriter> JournalWriter::create(FileSystem& files, const path& directory, std::string lesson_id,
                                            std::string_view lesson_json) {
  SHILU_CHECK(files.create_directories(directory));
  if (files.exists(directory / kLessonJson)) {
    return fail(ErrorKind::kAlreadyExists, fmt::format("{} already holds a lesson", directory.string()));
  }
  SHILU_CHECK(write_lesson_json(files, directory, lesson_json));
  auto impl = std::make_unique<Impl>();
  impl->lesson_id = std::move(lesson_id);
  SHILU_TRY(impl->journal.file, files.open(directory / kJournal, OpenMode::kCreate));
  SHILU_TRY(impl->checkpoints.file, files.open(directory / kCheckpoints, OpenMode::kCreate));
  SHILU_CHECK(impl->journal.append(as_bytes(kMagic)));
  SHILU_CHECK(impl->checkpoints.file->sync_data());
  SHILU_CHECK(files.sync_directory(directory));
  impl->tree_leaf = leaf_hash(as_bytes(lesson_json));
  impl->tree.append(impl->tree_leaf);
  return JournalWriter(std::move(impl));
}

Result<JournalWriter> JournalWriter::reopen(FileSystem& files, const path& directory) {
  SHILU_TRY(const auto lesson_file, files.open(directory / kLessonJson, OpenMode::kRead));
  SHILU_TRY(const auto lesson_json, read_all(*lesson_file));
  SHILU_TRY(const auto info, LessonInfo::from_json(as_text(lesson_json)));
  auto impl = std::make_unique<Impl>();
  impl->lesson_id = info.lesson_id;
  impl->tree_leaf = leaf_hash(lesson_json);
  // A power cut just behind lesson.json leaves one or both of these unmade.
  SHILU_TRY(impl->journal.file, files.open(directory / kJournal, OpenMode::kCreateOrOpen));
  SHILU_TRY(impl->checkpoints.file, files.open(directory / kCheckpoints, OpenMode::kCreateOrOpen));
  SHILU_CHECK(files.sync_directory(directory));
  SHILU_CHECK(impl->load_journal());
  SHILU_CHECK(impl->load_checkpoints());
  SHILU_CHECK(impl->cut_tails());
  return JournalWriter(std::move(impl));
}

void JournalWriter::append(const Record& record) {
  const auto bytes = encode(record);
  put_bytes(impl_->buffer, bytes);
  impl_->buffered_leaves.push_back(leaf_hash(bytes));
}

Status JournalWriter::sync() {
  SHILU_CHECK(impl_->usable());
  return impl_->guard(impl_->flush());
}

Status JournalWriter::checkpoint(const SigningKey& key, LessonTime at, const Clock& clock,
                                 std::string_view reason) {
  SHILU_CHECK(impl_->usable());
  if (!impl_->buffer.empty()) {
    return fail(ErrorKind::kFailedPrecondition,
                "records wait to be synced; a checkpoint covers only what is on disk");
  }
  const auto quality = clock.quality();
  const Checkpoint head{
      impl_->lesson_id,         impl_->tree.size(),   impl_->tree.root(), impl_->previous,    at,
      to_rfc3339(clock.wall()), quality.synchronised, quality.error_ms,   std::string(reason)};
  return impl_->guard(impl_->store(sign_checkpoint(head, key)));
}

std::uint64_t JournalWriter::synced_leaves() const {
  return impl_->tree.size();
}
std::uint64_t JournalWriter::checkpointed_leaves() const {
  return impl_->checkpointed;
}
std::uint64_t JournalWriter::cut_bytes() const {
  return impl_->cut;
}

}  // namespace shilu::journal
