#include "capture/journal/device_log.h"

#include <fmt/format.h>

#include <algorithm>
#include <mutex>

#include "capture/journal/file_names.h"
#include "capture/journal/log_files.h"
#include "firmware/base/ids.h"
#include "firmware/base/json_io.h"
#include "firmware/base/log.h"

namespace shilu::journal {
namespace {

using std::filesystem::path;

constexpr int kMostDamaged = 1000;

Result<TreeWriter> begin(FileSystem& files, const path& directory, const CertifiedKey& key,
                         const Clock& clock) {
  const LogIdentity identity{new_uuid(), key.certificate.device_id, to_rfc3339(clock.wall())};
  return TreeWriter::create(files, directory, log_tree(), identity.log_id, identity.to_json());
}

// Evidence of damage is kept, and a new log begins.
Status set_aside(FileSystem& files, const path& directory) {
  for (int i = 1; i < kMostDamaged; ++i) {
    const path aside = directory.string() + fmt::format(".damaged-{}", i);
    if (files.exists(aside)) continue;
    SHILU_CHECK(files.rename(directory, aside));
    return files.sync_directory(directory.parent_path());
  }
  return fail(ErrorKind::kFailedPrecondition, "too many damaged device logs were set aside");
}

Result<TreeWriter> open_or_begin(FileSystem& files, const path& directory, const CertifiedKey& key,
                                 const Clock& clock) {
  if (!files.exists(directory / kLogJson)) return begin(files, directory, key, clock);
  auto writer = TreeWriter::reopen(files, directory, log_tree());
  if (writer || writer.error().kind != ErrorKind::kCorrupted) return writer;
  log_error("the device log is damaged and set aside: {}", writer.error().message);
  SHILU_CHECK(set_aside(files, directory));
  return begin(files, directory, key, clock);
}

}  // namespace

struct DeviceLog::Impl {
  FileSystem& files;
  const path directory;
  const CertifiedKey& key;
  const Clock& clock;
  const std::string boot = boot_id();

  mutable std::mutex mutex;
  std::optional<TreeWriter> writer;  // and all below: guarded by mutex
  std::string id;
  std::vector<LogEntry> entries;
  std::vector<Digest> leaves;
  std::vector<LogEntry> pending;  // not known to be durable
  std::optional<SignedCheckpoint> last;

  Impl(FileSystem& f, path d, const CertifiedKey& k, const Clock& c)
      : files(f), directory(std::move(d)), key(k), clock(c) {}

  // After a failed sync nobody knows what is there: the files say so.
  Status reopen() {
    writer.reset();
    SHILU_TRY(writer, open_or_begin(files, directory, key, clock));
    SHILU_TRY(auto log, read_log(directory));
    id = log.identity.log_id;
    entries = std::move(log.entries);
    leaves = std::move(log.leaves);
    last.reset();
    const auto text = read_text_file(directory / kCheckpoints, 1u << 30);
    if (!text) return {};
    SHILU_TRY(auto heads, parse_checkpoints(*text, HeadKind::kDeviceLog));
    if (!heads.empty()) last = std::move(heads.back());
    return {};
  }

  bool is_there(const LogEntry& entry) const {
    const auto hash = leaf_hash(encode(entry));
    return std::find(leaves.begin(), leaves.end(), hash) != leaves.end();
  }

  Status store_pending() {
    if (!writer) {
      SHILU_CHECK(reopen());
      std::erase_if(pending, [this](const LogEntry& entry) { return is_there(entry); });
    }
    for (const auto& entry : pending) writer->append(encode(entry));
    if (const auto synced = writer->sync(); !synced) {
      writer.reset();
      return synced;
    }
    for (auto& entry : pending) {
      leaves.push_back(leaf_hash(encode(entry)));
      entries.push_back(std::move(entry));
    }
    pending.clear();
    return {};
  }

  Status add(std::string event, const Json& members) {
    const auto quality = clock.quality();
    pending.push_back({std::move(event), boot, clock.monotonic().ns, clock.wall(), quality.synchronised,
                       canonical_json(members)});
    return store_pending();
  }

  // The log itself says which key signs its heads.
  Status log_key() {
    const auto newest = std::find_if(entries.rbegin(), entries.rend(),
                                     [](const LogEntry& entry) { return entry.event == kKeyEvent; });
    SHILU_TRY(const auto json, parse_json(key.certificate.envelope.to_json()));
    if (newest != entries.rend() && newest->members == canonical_json(Json{{"certificate", json}})) return {};
    return add(std::string(kKeyEvent), {{"certificate", json}});
  }

  Status sign(std::string_view reason) {
    SHILU_CHECK(store_pending());
    if (last && last->checkpoint.tree_size == writer->synced_leaves()) return {};
    SHILU_TRY(const auto head, writer->head(LessonTime{clock.monotonic().ns}, clock, reason));
    SHILU_TRY(auto signed_head, sign_checkpoint(head, key.key));
    if (const auto stored = writer->store(signed_head); !stored) {
      writer.reset();
      return stored;
    }
    last = std::move(signed_head);
    return {};
  }
};

DeviceLog::DeviceLog(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
DeviceLog::~DeviceLog() = default;

Result<std::unique_ptr<DeviceLog>> DeviceLog::open(FileSystem& files, const path& directory,
                                                   const CertifiedKey& key, const Clock& clock) {
  auto impl = std::make_unique<Impl>(files, directory, key, clock);
  SHILU_CHECK(impl->reopen());
  SHILU_CHECK(impl->log_key());
  return std::unique_ptr<DeviceLog>(new DeviceLog(std::move(impl)));
}

Status DeviceLog::append(std::string event, const Json& members) {
  const std::lock_guard lock(impl_->mutex);
  return impl_->add(std::move(event), members);
}

Status DeviceLog::append(std::string event) {
  return append(std::move(event), Json::object());
}

Result<DeviceLog::Head> DeviceLog::head(std::uint64_t from, std::string_view reason) {
  const std::lock_guard lock(impl_->mutex);
  SHILU_CHECK(impl_->sign(reason));
  const std::span<const Digest> leaves(impl_->leaves.data(), impl_->last->checkpoint.tree_size);
  return Head{*impl_->last, impl_->key.certificate.envelope, consistency_path(from, leaves)};
}

std::uint64_t DeviceLog::size() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->leaves.size();
}

std::string DeviceLog::log_id() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->id;
}

void DeviceLog::each(const std::function<void(const LogEntry&)>& visit) const {
  const std::lock_guard lock(impl_->mutex);
  for (const auto& entry : impl_->entries) visit(entry);
}

std::string_view to_string(LogVerdict verdict) {
  switch (verdict) {
    case LogVerdict::kConsistent:
      return "consistent";
    case LogVerdict::kRolledBack:
      return "rolled-back";
    case LogVerdict::kForked:
      return "forked";
  }
  return "forked";
}

LogVerdict compare_heads(const Checkpoint& older, const Checkpoint& newer,
                         std::span<const Digest> consistency) {
  if (older.lesson_id != newer.lesson_id) return LogVerdict::kForked;  // another log
  if (newer.tree_size < older.tree_size) return LogVerdict::kRolledBack;
  const bool goes_on =
      verify_consistency(older.tree_size, newer.tree_size, older.root, newer.root, consistency);
  return goes_on ? LogVerdict::kConsistent : LogVerdict::kForked;
}

}  // namespace shilu::journal
