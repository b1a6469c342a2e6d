#include "tests/base/fault_file_system.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <limits>

namespace shilu::test {
namespace {

using std::filesystem::path;

constexpr int kForEver = std::numeric_limits<int>::max();

path absolute_path(const path& where) {
  return std::filesystem::absolute(where).lexically_normal();
}

// The fixture itself must not fail in silence: a test would then prove nothing.
void must(bool condition) {
  if (!condition) std::abort();
}
template <typename T>
T must(Result<T> result) {
  must(result.has_value());
  return std::move(*result);
}
void must(Status status) {
  must(status.has_value());
}

}  // namespace

class FaultFileSystem::FaultFile final : public File {
 public:
  FaultFile(FaultFileSystem& owner, std::unique_ptr<File> inner, std::shared_ptr<Node> node, path where)
      : owner_(owner),
        inner_(std::move(inner)),
        node_(std::move(node)),
        path_(std::move(where)),
        generation_(owner.generation_) {}

  Status write_at(std::uint64_t offset, ByteView bytes) override {
    owner_.tell_before_write(path_);
    const std::lock_guard lock(owner_.mutex_);
    const auto counted = begin(fmt::format("write {} {} {}", path_.string(), offset, bytes.size()));
    if (!counted && !alive()) return counted;
    if (!counted) bytes = bytes.first(std::min(bytes.size(), owner_.fault_.prefix));
    if (!bytes.empty()) {
      UnsyncedChange change{offset, bytes.size(), {}, must(inner_->size())};
      change.old_bytes = must(inner_->read_at(offset, bytes.size()));
      SHILU_CHECK(inner_->write_at(offset, bytes));
      node_->unsynced.push_back(std::move(change));
    }
    return counted;
  }

  Status truncate(std::uint64_t size) override {
    const std::lock_guard lock(owner_.mutex_);
    SHILU_CHECK(begin(fmt::format("truncate {} {}", path_.string(), size)));
    const auto old_size = must(inner_->size());
    UnsyncedChange change{size, 0, {}, old_size};
    if (size < old_size) change.old_bytes = must(inner_->read_at(size, old_size - size));
    SHILU_CHECK(inner_->truncate(size));
    node_->unsynced.push_back(std::move(change));
    return {};
  }

  Status reserve(std::uint64_t offset, std::uint64_t size) override {
    const std::lock_guard lock(owner_.mutex_);
    SHILU_CHECK(begin(fmt::format("reserve {} {} {}", path_.string(), offset, size)));
    return inner_->reserve(offset, size);
  }

  Status sync_data() override {
    const std::lock_guard lock(owner_.mutex_);
    SHILU_CHECK(begin(fmt::format("sync {}", path_.string())));
    node_->unsynced.clear();
    return {};
  }

  Result<Bytes> read_at(std::uint64_t offset, std::size_t size) override {
    return inner_->read_at(offset, size);
  }
  Result<std::uint64_t> size() override { return inner_->size(); }

 private:
  bool alive() const { return generation_ == owner_.generation_; }
  Status begin(const std::string& what) {
    if (!alive()) return fail(ErrorKind::kUnavailable, "the power was cut since the file was opened");
    return owner_.count(what);
  }

  FaultFileSystem& owner_;
  std::unique_ptr<File> inner_;
  std::shared_ptr<Node> node_;
  path path_;
  int generation_;
};

void FaultFileSystem::fail_operation(int n, ErrorKind kind, std::size_t prefix) {
  const std::lock_guard lock(mutex_);
  operations_ = 0;
  fault_ = {n, n, kind, prefix};
}

void FaultFileSystem::fail_from(int n, std::size_t prefix, ErrorKind kind) {
  const std::lock_guard lock(mutex_);
  operations_ = 0;
  fault_ = {n, kForEver, kind, prefix};
}

void FaultFileSystem::fill_up(std::string part) {
  const std::lock_guard lock(mutex_);
  full_for_ = std::move(part);
}

void FaultFileSystem::before_writes(std::function<void(const std::string& path)> call) {
  const std::lock_guard lock(mutex_);
  before_write_ = std::move(call);
}

void FaultFileSystem::tell_before_write(const path& file) {
  std::function<void(const std::string& path)> call;
  {
    const std::lock_guard lock(mutex_);
    call = before_write_;
  }
  if (call) call(file.string());
}

void FaultFileSystem::clear_faults() {
  const std::lock_guard lock(mutex_);
  full_for_.clear();
  operations_ = 0;
  fault_ = {};
}

int FaultFileSystem::operations() const {
  const std::lock_guard lock(mutex_);
  return operations_;
}

std::vector<std::string> FaultFileSystem::history() const {
  const std::lock_guard lock(mutex_);
  return history_;
}

Status FaultFileSystem::count(const std::string& what) {
  ++operations_;
  if (operations_ >= fault_.first && operations_ <= fault_.last) {
    // A dead machine writes no prefix at its later operations.
    if (operations_ > fault_.first) fault_.prefix = 0;
    return fail(fault_.kind, fmt::format("operation {} was told to fail: {}", operations_, what));
  }
  const bool needs_room = what.starts_with("write ") || what.starts_with("reserve ");
  if (needs_room && !full_for_.empty() && what.find(full_for_) != std::string::npos) {
    return fail(ErrorKind::kStorageFull, "there is no room: " + what);
  }
  history_.push_back(what);
  return {};
}

std::shared_ptr<FaultFileSystem::Node> FaultFileSystem::node_of(const path& where) {
  auto& node = nodes_[where];
  if (!node) node = std::make_shared<Node>();
  return node;
}

path FaultFileSystem::put_aside(const path& where) {
  const auto kept = aside_ / std::to_string(++aside_count_);
  must(::link(where.c_str(), kept.c_str()) == 0);
  return kept;
}

Result<std::unique_ptr<File>> FaultFileSystem::open(const path& given, OpenMode mode) {
  const std::lock_guard lock(mutex_);
  const auto where = absolute_path(given);
  auto& disk = posix_file_system();
  const bool creates = mode == OpenMode::kCreate || (mode == OpenMode::kCreateOrOpen && !disk.exists(where));
  if (creates) SHILU_CHECK(count(fmt::format("create {}", where.string())));
  SHILU_TRY(auto inner, disk.open(where, mode));
  if (creates) unsynced_names_.push_back({UnsyncedName::Kind::kCreated, where, {}, {}, nullptr});
  return std::make_unique<FaultFile>(*this, std::move(inner), node_of(where), where);
}

Status FaultFileSystem::create_directories(const path& given) {
  const std::lock_guard lock(mutex_);
  const auto where = absolute_path(given);
  SHILU_CHECK(count(fmt::format("create-directories {}", where.string())));
  return posix_file_system().create_directories(where);
}

Status FaultFileSystem::sync_directory(const path& given) {
  const std::lock_guard lock(mutex_);
  auto where = absolute_path(given);
  if (!where.has_filename()) where = where.parent_path();
  SHILU_CHECK(count(fmt::format("sync-directory {}", where.string())));
  if (!posix_file_system().exists(where)) return fail(ErrorKind::kNotFound, where.string() + " is not there");
  std::erase_if(unsynced_names_, [&](const UnsyncedName& change) {
    return change.name.parent_path() == where || change.old_name.parent_path() == where;
  });
  return {};
}

Status FaultFileSystem::rename(const path& given_from, const path& given_to) {
  const std::lock_guard lock(mutex_);
  const auto from = absolute_path(given_from);
  const auto to = absolute_path(given_to);
  SHILU_CHECK(count(fmt::format("rename {} {}", from.string(), to.string())));
  if (std::filesystem::is_directory(from)) {
    return fail(ErrorKind::kInvalidArgument, "this fixture does not follow the renaming of a directory");
  }
  UnsyncedName change{UnsyncedName::Kind::kRenamed, to, from, {}, nullptr};
  if (std::filesystem::is_regular_file(to)) {
    change.kept = put_aside(to);
    change.kept_node = node_of(to);
  }
  SHILU_CHECK(posix_file_system().rename(from, to));
  nodes_[to] = node_of(from);
  nodes_.erase(from);
  unsynced_names_.push_back(std::move(change));
  return {};
}

Status FaultFileSystem::remove(const path& given) {
  const std::lock_guard lock(mutex_);
  const auto where = absolute_path(given);
  SHILU_CHECK(count(fmt::format("remove {}", where.string())));
  UnsyncedName change{UnsyncedName::Kind::kRemoved, where, {}, {}, nullptr};
  if (std::filesystem::is_regular_file(where)) {
    change.kept = put_aside(where);
    change.kept_node = node_of(where);
  }
  SHILU_CHECK(posix_file_system().remove(where));
  nodes_.erase(where);
  unsynced_names_.push_back(std::move(change));
  return {};
}

Result<std::vector<std::string>> FaultFileSystem::list(const path& directory) {
  return posix_file_system().list(directory);
}
bool FaultFileSystem::exists(const path& where) {
  return posix_file_system().exists(where);
}
Result<std::uint64_t> FaultFileSystem::free_bytes(const path& where) {
  return posix_file_system().free_bytes(where);
}

void FaultFileSystem::power_cut() {
  const std::lock_guard lock(mutex_);
  take_back_names();
  take_back_bytes(nullptr);
  ++generation_;
  fault_ = {};
  operations_ = 0;
}

void FaultFileSystem::torn_power_cut(unsigned seed) {
  const std::lock_guard lock(mutex_);
  std::mt19937 random(seed);
  take_back_names();
  take_back_bytes(&random);
  ++generation_;
  fault_ = {};
  operations_ = 0;
}

void FaultFileSystem::take_back_names() {
  auto& disk = posix_file_system();
  for (; !unsynced_names_.empty(); unsynced_names_.pop_back()) {
    const auto& change = unsynced_names_.back();
    if (change.kind == UnsyncedName::Kind::kCreated && disk.exists(change.name)) {
      must(disk.remove(change.name));
      nodes_.erase(change.name);
    }
    if (change.kind == UnsyncedName::Kind::kRenamed && disk.exists(change.name)) {
      must(disk.rename(change.name, change.old_name));
      nodes_[change.old_name] = node_of(change.name);
      nodes_.erase(change.name);
    }
    if (!change.kept.empty()) {
      must(disk.rename(change.kept, change.name));
      nodes_[change.name] = change.kept_node;
    }
  }
}

void FaultFileSystem::take_back_bytes(std::mt19937* random) {
  for (auto& [where, node] : nodes_) {
    if (node->unsynced.empty()) continue;
    const auto file = must(posix_file_system().open(where, OpenMode::kReadWrite));
    for (; !node->unsynced.empty(); node->unsynced.pop_back()) {
      const auto& change = node->unsynced.back();
      if (random == nullptr) {
        must(file->truncate(change.old_size));
        must(file->write_at(change.offset, change.old_bytes));
        continue;
      }
      const auto size = must(file->size());
      if (change.written == 0 || change.offset >= size) continue;  // a torn truncation: as good as done
      // The first part of the write reached the disk; of the rest only the size did, or nothing.
      const auto landed = (*random)() % (change.written + 1);
      Bytes rest = change.old_bytes;
      rest.resize(
          std::min<std::uint64_t>(change.written, size - change.offset));  // zeros behind the old bytes
      if (landed < rest.size()) must(file->write_at(change.offset + landed, ByteView(rest).subspan(landed)));
      const bool at_the_end = change.offset + change.written >= size && change.old_size < size;
      if (at_the_end && (*random)() % 2 == 0) {
        must(file->truncate(std::max(change.old_size, change.offset + landed)));
      }
    }
  }
  nodes_.clear();
}

}  // namespace shilu::test
