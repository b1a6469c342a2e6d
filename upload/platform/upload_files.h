#pragma once
// The bytes of uploads under way. The offset that anyone is told is durable: written, synced, and in the
// store. After a failed sync nobody knows what reached the disk, and the next one would not tell: the upload
// stands where it last was durable, and what came since is sent again. One writer per upload; whoever comes
// later takes over at once, and the older one's next write fails. Bytes are hashed as they come: a block that
// is not what the device announced never becomes part of the upload. Thread-safe.

#include <atomic>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>

#include "firmware/base/file_system.h"
#include "upload/platform/platform_store.h"
#include "upload/platform/received_hashes.h"

namespace shilu::platform {

class UploadFiles {
 public:
  UploadFiles(PlatformStore& store, std::filesystem::path directory, FileSystem& files = posix_file_system())
      : store_(store), directory_(std::move(directory)), files_(files) {}

  // A claim on one upload. write() appends; finish() and the destructor make durable what came.
  class Writer;

  // These two: kNotFound if there is no such upload; kCorrupted: its file has less than was durable.
  Result<std::unique_ptr<Writer>> take_over(const Upload& upload, std::int64_t offset);
  // Ends an older writer; -> the durable offset.
  Result<std::int64_t> settle(const Upload& upload);
  Status remove(const Upload& upload);  // whatever became of its file
  // SHA-256 of a complete upload: counted while it came, or else read from its file. Nobody writes to it any
  // more.
  Result<Digest> digest_of(const Upload& upload);
  std::filesystem::path path_of(const Upload& upload) const { return directory_ / upload.id; }

 private:
  // One open upload, shared by its writers. Stays for a while behind them, so that the next one need not read
  // and hash again.
  struct Active {
    // Of the writer that may write. Counted up before waiting for the mutex: the older one ends at its next
    // piece.
    std::atomic<std::uint64_t> generation = 0;
    std::atomic<std::int64_t> used_at_ns = 0;
    std::mutex mutex;  // guards what follows
    std::unique_ptr<File> file;
    std::int64_t offset = 0;
    std::int64_t durable = 0;
    std::int64_t synced_at_ns = 0;
    bool disbelieved = false;  // a sync failed: who still holds it neither writes nor syncs
    std::optional<ReceivedHashes> hashes;
  };
  Result<std::shared_ptr<Active>> open(const Upload& upload);
  Result<std::shared_ptr<Active>> load(const Upload& upload);
  void close_unused();  // under mutex_
  Status sync(const std::string& id, Active& active);
  void disbelieve(const std::string& id, Active& active);
  static Status check_believed(const Active& active);
  std::shared_ptr<Active> taken_out(const std::string& id);
  Status go_back(const std::string& id, Active& active, std::int64_t offset);

  PlatformStore& store_;
  const std::filesystem::path directory_;
  FileSystem& files_;
  SystemClock clock_;
  std::mutex mutex_;  // guards active_
  std::map<std::string, std::shared_ptr<Active>> active_;
};

class UploadFiles::Writer {
 public:
  Writer(UploadFiles& files, Upload upload, std::shared_ptr<Active> active, std::uint64_t generation);
  ~Writer();
  // kFailedPrecondition once somebody took over; kInvalidArgument past the upload's length; kCorrupted when a
  // block ends that is not what was announced: the upload stands at that block's beginning again.
  Status write(ByteView bytes);
  Result<std::int64_t> finish();  // -> the durable offset

 private:
  UploadFiles& files_;
  const Upload upload_;
  const std::shared_ptr<Active> active_;
  const std::uint64_t generation_;
};

}  // namespace shilu::platform
