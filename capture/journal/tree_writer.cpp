#include "capture/journal/tree_writer.h"

#include <fmt/format.h>

#include "capture/journal/checkpoint_file.h"
#include "capture/journal/file_names.h"
#include "capture/journal/record.h"

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

// Whole or not there at all: it is what makes a folder a lesson, or a log.
Status write_identity(FileSystem& files, const path& directory, const char* name, std::string_view text) {
  const auto temporary = directory / fmt::format(".{}.new", name);
  SHILU_TRY(const auto file, files.open(temporary, OpenMode::kCreateOrOpen));
  SHILU_CHECK(file->truncate(0));
  SHILU_CHECK(file->write_at(0, as_bytes(text)));
  SHILU_CHECK(file->sync_data());
  SHILU_CHECK(files.rename(temporary, directory / name));
  return files.sync_directory(directory);
}

// What the sound front of a journal holds.
struct JournalPrefix {
  Frontier tree;
  std::uint64_t size = 0;
};

Result<JournalPrefix> read_journal(ByteView bytes, const Digest& identity_leaf, const TreeKind& kind) {
  JournalPrefix prefix;
  prefix.tree.append(identity_leaf);
  if (bytes.size() < kMagic.size()) return prefix;  // cut off while it was made
  if (as_text(bytes.first(kMagic.size())) != kMagic) {
    return fail(ErrorKind::kCorrupted, "the file `journal` is not a journal of this program");
  }
  prefix.size = kMagic.size();
  while (true) {
    const auto rest = bytes.subspan(prefix.size);
    SHILU_TRY(const auto size, kind.next_record(rest));
    if (!size) return prefix;
    prefix.tree.append(leaf_hash(rest.first(*size)));
    prefix.size += *size;
  }
}

}  // namespace

struct TreeWriter::Impl {
  TreeKind kind;
  std::string id;
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
    SHILU_TRY(const auto prefix, read_journal(bytes, tree_leaf, kind));
    tree = prefix.tree;
    journal.end = prefix.size;
    return {};
  }

  Status load_checkpoints() {
    SHILU_TRY(const auto bytes, read_all(*checkpoints.file));
    const auto prefix = read_checkpoint_prefix(as_text(bytes), kind.head);
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

  Digest tree_leaf{};  // leaf 0
};

TreeWriter::TreeWriter(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
TreeWriter::TreeWriter(TreeWriter&&) noexcept = default;
TreeWriter& TreeWriter::operator=(TreeWriter&&) noexcept = default;
TreeWriter::~TreeWriter() = default;

Result<TreeWriter> TreeWriter::create(FileSystem& files, const path& directory, const TreeKind& kind,
                                      std::string id, std::string_view identity) {
  SHILU_CHECK(files.create_directories(directory));
  if (files.exists(directory / kind.identity_file)) {
    return fail(ErrorKind::kAlreadyExists,
                fmt::format("{} already holds a {}", directory.string(), kind.identity_file));
  }
  SHILU_CHECK(write_identity(files, directory, kind.identity_file, identity));
  auto impl = std::make_unique<Impl>();
  impl->kind = kind;
  impl->id = std::move(id);
  SHILU_TRY(impl->journal.file, files.open(directory / kJournal, OpenMode::kCreate));
  SHILU_TRY(impl->checkpoints.file, files.open(directory / kCheckpoints, OpenMode::kCreate));
  SHILU_CHECK(impl->journal.append(as_bytes(kMagic)));
  SHILU_CHECK(impl->checkpoints.file->sync_data());
  SHILU_CHECK(files.sync_directory(directory));
  impl->tree_leaf = leaf_hash(as_bytes(identity));
  impl->tree.append(impl->tree_leaf);
  return TreeWriter(std::move(impl));
}

Result<TreeWriter> TreeWriter::reopen(FileSystem& files, const path& directory, const TreeKind& kind) {
  SHILU_TRY(const auto identity_file, files.open(directory / kind.identity_file, OpenMode::kRead));
  SHILU_TRY(const auto identity, read_all(*identity_file));
  auto impl = std::make_unique<Impl>();
  impl->kind = kind;
  SHILU_TRY(impl->id, kind.id_of(as_text(identity)));
  impl->tree_leaf = leaf_hash(identity);
  // A power cut just behind the identity leaves one or both of these unmade.
  SHILU_TRY(impl->journal.file, files.open(directory / kJournal, OpenMode::kCreateOrOpen));
  SHILU_TRY(impl->checkpoints.file, files.open(directory / kCheckpoints, OpenMode::kCreateOrOpen));
  SHILU_CHECK(files.sync_directory(directory));
  SHILU_CHECK(impl->load_journal());
  SHILU_CHECK(impl->load_checkpoints());
  SHILU_CHECK(impl->cut_tails());
  return TreeWriter(std::move(impl));
}

void TreeWriter::append(ByteView record) {
  put_bytes(impl_->buffer, record);
  impl_->buffered_leaves.push_back(leaf_hash(record));
}

Status TreeWriter::sync() {
  SHILU_CHECK(impl_->usable());
  return impl_->guard(impl_->flush());
}

Result<Checkpoint> TreeWriter::head(LessonTime at, const Clock& clock, std::string_view reason) const {
  SHILU_CHECK(impl_->usable());
  if (!impl_->buffer.empty()) {
    return fail(ErrorKind::kFailedPrecondition,
                "records wait to be synced; a checkpoint covers only what is on disk");
  }
  const auto quality = clock.quality();
  Checkpoint head;
  head.kind = impl_->kind.head;
  head.lesson_id = impl_->id;
  head.tree_size = impl_->tree.size();
  head.root = impl_->tree.root();
  head.previous = impl_->previous;
  head.at = at;
  head.utc = to_rfc3339(clock.wall());
  head.synchronised = quality.synchronised;
  head.error_ms = quality.error_ms;
  head.reason = reason;
  return head;
}

Status TreeWriter::store(const SignedCheckpoint& signed_head) {
  SHILU_CHECK(impl_->usable());
  if (signed_head.checkpoint.previous != impl_->previous)
    return fail(ErrorKind::kFailedPrecondition, "the checkpoint does not follow the last one");
  return impl_->guard(impl_->store(signed_head));
}

std::uint64_t TreeWriter::synced_leaves() const {
  return impl_->tree.size();
}
std::uint64_t TreeWriter::checkpointed_leaves() const {
  return impl_->checkpointed;
}
std::uint64_t TreeWriter::cut_bytes() const {
  return impl_->cut;
}

}  // namespace shilu::journal
