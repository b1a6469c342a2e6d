#pragma once
// A file system for tests, over the posix one. It fails the operation that it is told to fail, and it knows
// what was not yet synced, so that power_cut() takes away exactly that - the worst that a disk which keeps
// its promises does:
//   - bytes and sizes that no sync_data() of the file covered go back to what the last one covered,
//   - files made, renamed or removed without a sync_directory() of their directory were never made, renamed,
//   removed.
// Directories are durable at once (create_directories() promises to sync their parents). What was there
// before the first operation counts as durable. Nothing is really synced, so it is fast. Works on the disk of
// the temporary directory; does not rename directories. Thread-safe.
//
//   TemporaryDirectory directory;
//   FaultFileSystem files;
//   for (int cut = 1;; ++cut) {
//     files.fail_from(cut);          // the machine is dead from the cut-th operation on
//     const bool done = work(files);
//     files.power_cut();             // lose, and switch on again
//     check(files);
//     if (done) break;
//   }

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "firmware/base/file_system.h"
#include "tests/base/temporary_directory.h"

namespace shilu::test {

class FaultFileSystem final : public FileSystem {
 public:
  // --- Faults. Operations count from 1 at each call of these; only mutating ones count: create, write,
  // truncate, reserve, sync_data, create_directories, sync_directory, rename, remove. The n-th operation
  // fails, the others go on. A failing write first writes `prefix` bytes of its own.
  void fail_operation(int n, ErrorKind kind, std::size_t prefix = 0);
  // The n-th and every later operation fails, until power_cut() or clear_faults().
  void fail_from(int n, std::size_t prefix = 0, ErrorKind kind = ErrorKind::kUnavailable);
  // There is no room for files whose path contains `part`: their writes and reservations fail with
  // kStorageFull, until clear_faults().
  void fill_up(std::string part);
  // Called before each write, with the file's path: a disk that is slow for some. It may itself write.
  void before_writes(std::function<void(const std::string& path)> call);
  void clear_faults();
  int operations() const;  // since the last call of one of the three

  // --- Power. Files that are open become unusable; faults are cleared.
  void power_cut();
  // The same, but each unsynced write may as well have reached the disk whole, in part, or as zeros. The
  // bytes that were synced stay.
  void torn_power_cut(unsigned seed);

  // "write <path> <offset> <size>", "sync <path>", "sync-directory <path>", "create <path>", ...: what was
  // done, in order, to see that one thing was synced before another.
  std::vector<std::string> history() const;

  // --- FileSystem
  Result<std::unique_ptr<File>> open(const std::filesystem::path& path, OpenMode mode) override;
  Status create_directories(const std::filesystem::path& path) override;
  Status sync_directory(const std::filesystem::path& path) override;
  Status rename(const std::filesystem::path& from, const std::filesystem::path& to) override;
  Status remove(const std::filesystem::path& path) override;
  Result<std::vector<std::string>> list(const std::filesystem::path& directory) override;
  bool exists(const std::filesystem::path& path) override;
  Result<std::uint64_t> free_bytes(const std::filesystem::path& path) override;

 private:
  class FaultFile;

  // How to take back one unsynced change of a file's bytes.
  struct UnsyncedChange {
    std::uint64_t offset = 0;
    std::uint64_t written = 0;  // how many bytes were put at `offset`; 0 for a truncation
    Bytes old_bytes;            // what stood at `offset`
    std::uint64_t old_size = 0;
  };
  // One file, whatever its name is by now.
  struct Node {
    std::vector<UnsyncedChange> unsynced;
  };
  // How to take back one unsynced change of a directory.
  struct UnsyncedName {
    enum class Kind { kCreated, kRenamed, kRemoved };
    Kind kind = Kind::kCreated;
    std::filesystem::path name;      // created, removed, or the new name
    std::filesystem::path old_name;  // of a renamed one
    std::filesystem::path kept;      // what `name` was before, put aside; empty: nothing
    std::shared_ptr<Node> kept_node;
  };

  struct Fault {
    int first = 0;
    int last = 0;
    ErrorKind kind = ErrorKind::kUnavailable;
    std::size_t prefix = 0;
  };

  Status count(const std::string& what);  // the error, if this is the operation to fail
  void tell_before_write(const std::filesystem::path& file);
  std::shared_ptr<Node> node_of(const std::filesystem::path& path);
  std::filesystem::path put_aside(const std::filesystem::path& path);
  void take_back_names();
  void take_back_bytes(std::mt19937* random);

  mutable std::mutex mutex_;
  TemporaryDirectory aside_;
  int aside_count_ = 0;
  int generation_ = 0;  // a file opened before the last power cut has another one
  int operations_ = 0;
  Fault fault_;
  std::string full_for_;
  std::function<void(const std::string& path)> before_write_;
  std::map<std::filesystem::path, std::shared_ptr<Node>> nodes_;
  std::vector<UnsyncedName> unsynced_names_;
  std::vector<std::string> history_;
};

}  // namespace shilu::test
