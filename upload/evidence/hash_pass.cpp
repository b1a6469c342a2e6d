#include "upload/evidence/hash_pass.h"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

namespace shilu::evidence {
namespace {

constexpr std::size_t kBlock = 1u << 20;
constexpr std::size_t kQueue = 4;  // blocks that a slow hasher may lie behind

struct Sha256Sum {
  Sha256 sum;
  void update(ByteView part) { sum.update(part); }
  Digest finish() { return std::exchange(sum, Sha256()).finish(); }
};

// A CRC costs a tenth of a SHA-256: not worth a thread of its own, and the block is in the cache.
struct EntrySum {
  Sha256Sum sha256;
  std::uint32_t crc = 0;
  void update(ByteView part) {
    sha256.update(part);
    crc = crc32(part, crc);
  }
  PieceHash finish() { return {sha256.finish(), std::exchange(crc, 0)}; }
};

// Takes the file's bytes in order and sums up each piece.
template <typename Sum>
class PieceSums {
 public:
  explicit PieceSums(std::span<const Piece> pieces) : pieces_(pieces) { finish_empty(); }

  void take(ByteView block) {
    while (!block.empty() && done_.size() < pieces_.size()) {
      const Piece& piece = pieces_[done_.size()];
      if (position_ < piece.offset) {
        skip(block, piece.offset - position_);
        continue;
      }
      const std::uint64_t left = piece.offset + piece.size - position_;
      const ByteView part = block.first(std::min<std::uint64_t>(left, block.size()));
      sum_.update(part);
      skip(block, part.size());
      if (part.size() == left) finish_piece();
      finish_empty();
    }
    position_ += block.size();
  }

  bool complete() const { return done_.size() == pieces_.size(); }
  const auto& result() const { return done_; }

 private:
  void skip(ByteView& block, std::uint64_t count) {
    const auto taken = std::min<std::uint64_t>(count, block.size());
    block = block.subspan(taken);
    position_ += taken;
  }
  void finish_piece() { done_.push_back(sum_.finish()); }
  void finish_empty() {
    while (done_.size() < pieces_.size() && pieces_[done_.size()].size == 0) finish_piece();
  }

  std::span<const Piece> pieces_;
  std::uint64_t position_ = 0;
  Sum sum_;
  std::vector<decltype(sum_.finish())> done_;
};

using Block = std::shared_ptr<const Bytes>;

// Runs one consumer of blocks on a thread. The queue is bounded: the reader waits for the slowest.
class Lane {
 public:
  explicit Lane(std::function<void(ByteView)> consume)
      : consume_(std::move(consume)), thread_([this] { run(); }) {}
  ~Lane() { finish(); }

  void put(Block block) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return queue_.size() < kQueue; });
    queue_.push_back(std::move(block));
    changed_.notify_all();
  }

  // Waits until all is consumed.
  void finish() {
    if (!thread_.joinable()) return;
    put(nullptr);
    thread_.join();
  }

 private:
  void run() {
    while (const Block block = next()) consume_(*block);
  }
  Block next() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return !queue_.empty(); });
    Block block = std::move(queue_.front());
    queue_.pop_front();
    changed_.notify_all();
    return block;
  }

  std::function<void(ByteView)> consume_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Block> queue_;  // guarded by mutex_
  std::thread thread_;       // last: it uses all of the above
};

using Consumers = std::vector<std::function<void(ByteView)>>;

// Threads cost more than they bring for a file of one block.
Result<std::uint64_t> feed_directly(File& file, const Consumers& consumers) {
  SHILU_TRY(const Bytes block, file.read_at(0, kBlock));
  for (const auto& consume : consumers) consume(block);
  return block.size();
}

Result<std::uint64_t> feed_lanes(File& file, const Consumers& consumers) {
  std::vector<std::unique_ptr<Lane>> lanes;
  for (const auto& consume : consumers) lanes.push_back(std::make_unique<Lane>(consume));
  std::uint64_t offset = 0;
  while (true) {
    SHILU_TRY(Bytes bytes, file.read_at(offset, kBlock));
    if (bytes.empty()) break;
    offset += bytes.size();
    const auto block = std::make_shared<const Bytes>(std::move(bytes));
    for (const auto& lane : lanes) lane->put(block);
  }
  for (const auto& lane : lanes) lane->finish();
  return offset;
}

}  // namespace

Result<HashedFile> hash_file(File& file, std::span<const Piece> entries, std::span<const Piece> fragments,
                             WholeDigest wanted) {
  Sha256 whole;
  PieceSums<EntrySum> entry_hashes(entries);
  PieceSums<Sha256Sum> fragment_hashes(fragments);
  Consumers consumers;
  if (!entries.empty()) consumers.emplace_back([&](ByteView block) { entry_hashes.take(block); });
  if (!fragments.empty()) consumers.emplace_back([&](ByteView block) { fragment_hashes.take(block); });
  if (wanted == WholeDigest::kCompute) consumers.emplace_back([&](ByteView block) { whole.update(block); });
  SHILU_TRY(const std::uint64_t size, file.size());
  HashedFile hashed;
  SHILU_TRY(hashed.size, size < kBlock ? feed_directly(file, consumers) : feed_lanes(file, consumers));
  if (!entry_hashes.complete() || !fragment_hashes.complete())
    return fail(ErrorKind::kCorrupted, "the file ends inside one of its parts");
  if (wanted == WholeDigest::kCompute) hashed.sha256 = whole.finish();
  hashed.entries = entry_hashes.result();
  hashed.fragments = fragment_hashes.result();
  return hashed;
}

}  // namespace shilu::evidence
