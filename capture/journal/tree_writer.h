#pragma once
// An append-only file of records with an RFC 6962 tree over it and signed heads of that tree beside it: what
// the journal of a lesson and the device log have in common. Thread-bound. docs/ref/journal.md,
// docs/ref/device-log.md. Inside this module only.

#include <filesystem>
#include <memory>
#include <optional>

#include "capture/journal/checkpoint.h"
#include "capture/journal/merkle.h"
#include "firmware/base/file_system.h"

namespace shilu::journal {

// What makes one kind of tree different from another.
struct TreeKind {
  const char* identity_file;  // leaf 0
  HeadKind head;
  Result<std::string> (*id_of)(std::string_view identity);
  // The bytes of the record at the front, frame included; nullopt: there is none that is whole. kCorrupted: a
  // whole one that no writer of this version makes.
  Result<std::optional<std::size_t>> (*next_record)(ByteView bytes);
};

class TreeWriter {
 public:
  static Result<TreeWriter> create(FileSystem& files, const std::filesystem::path& directory,
                                   const TreeKind& kind, std::string id, std::string_view identity);
  static Result<TreeWriter> reopen(FileSystem& files, const std::filesystem::path& directory,
                                   const TreeKind& kind);

  void append(ByteView record);  // with its frame; buffered
  Status sync();
  Result<Checkpoint> head(LessonTime at, const Clock& clock, std::string_view reason) const;
  Status store(const SignedCheckpoint& signed_head);

  std::uint64_t synced_leaves() const;
  std::uint64_t checkpointed_leaves() const;
  std::uint64_t cut_bytes() const;

  TreeWriter(TreeWriter&&) noexcept;
  TreeWriter& operator=(TreeWriter&&) noexcept;
  ~TreeWriter();

 private:
  struct Impl;
  explicit TreeWriter(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace shilu::journal
