// check_log of device_log.h.

#include <fmt/format.h>

#include <algorithm>

#include "capture/journal/checkpoint_file.h"
#include "capture/journal/file_names.h"
#include "capture/journal/log_files.h"
#include "firmware/base/json_io.h"

namespace shilu::journal {
namespace {

// A synchronised clock is set back by less than this when it is corrected.
constexpr std::int64_t kCorrection_ns = 1'000'000'000;

class LogChecker {
 public:
  LogChecker(LogPrefix log, LogReport& report) : log_(std::move(log)), report_(report) {}

  void run(std::string_view checkpoints) {
    report_.log_id = log_.identity.log_id;
    report_.device_id = log_.identity.device_id;
    report_.leaves = log_.leaves.size();
    if (log_.damage) violation("journal", log_.damage->message);
    if (!log_.damage && log_.tail_bytes > 0)
      note("tail-bytes", fmt::format("{} bytes behind the last whole entry", log_.tail_bytes));
    check_clock();
    check_heads(checkpoints);
    if (report_.signed_leaves < report_.leaves)
      note("unsigned-tail", fmt::format("{} of {} entries are not signed yet",
                                        report_.leaves - report_.signed_leaves, report_.leaves));
    report_.entries = std::move(log_.entries);
  }

 private:
  void violation(std::string code, std::string detail) {
    report_.findings.push_back({std::move(code), true, std::move(detail)});
  }
  void note(std::string code, std::string detail) {
    report_.findings.push_back({std::move(code), false, std::move(detail)});
  }

  void check_clock() {
    for (std::size_t i = 1; i < log_.entries.size(); ++i) {
      const auto& before = log_.entries[i - 1];
      const auto& entry = log_.entries[i];
      if (entry.utc.ns >= before.utc.ns - kCorrection_ns) continue;
      auto detail = fmt::format("entry {} says {}, the one before it said {}", i + 1, to_rfc3339(entry.utc),
                                to_rfc3339(before.utc));
      if (entry.synchronised && before.synchronised) {
        violation("clock-set-back", detail + ": the clock was set back");
      } else {
        note("clock-back", detail + "; it was not synchronised");
      }
    }
  }

  // The key of the newest "key" entry among the first `leaves`.
  std::optional<PublicKey> key_at(std::uint64_t leaves) const {
    for (std::size_t i = std::min<std::size_t>(leaves, log_.leaves.size()); i-- > 1;) {
      if (log_.entries[i - 1].event != kKeyEvent) continue;
      const auto certificate = certificate_in(log_.entries[i - 1]);
      if (!certificate || certificate->role != KeyRole::kSeal) return std::nullopt;
      return certificate->key;
    }
    return std::nullopt;
  }

  void check_heads(std::string_view text) {
    const auto prefix = read_checkpoint_prefix(text, HeadKind::kDeviceLog);
    Digest previous{};
    for (std::size_t i = 0; i < prefix.checkpoints.size(); ++i) {
      check_head(i + 1, prefix.checkpoints[i], previous);
      previous = sha256(prefix.checkpoints[i].line);
    }
    if (prefix.error) violation("checkpoint-chain", prefix.error->message);
  }

  void check_head(std::size_t line, const SignedCheckpoint& one, const Digest& previous) {
    const auto& head = one.checkpoint;
    const std::string place = fmt::format("line {} of the checkpoints", line);
    if (head.previous != previous || head.lesson_id != log_.identity.log_id ||
        head.tree_size < report_.signed_leaves)
      return violation("checkpoint-chain", place + " does not follow the line before it");
    if (head.tree_size > log_.leaves.size()) {
      return violation("checkpoint-root", fmt::format("{} covers {} entries, the log has {}", place,
                                                      head.tree_size, log_.leaves.size()));
    }
    while (tree_.size() < head.tree_size) tree_.append(log_.leaves[tree_.size()]);
    if (tree_.root() != head.root)
      return violation("checkpoint-root", fmt::format("{}: its root is not that of the first {} entries",
                                                      place, head.tree_size));
    const auto key = key_at(head.tree_size);
    if (!key || !one.envelope.verified_by(*key))
      return violation("checkpoint-signature", place + " is not signed by the key that the log names");
    report_.signed_leaves = head.tree_size;
  }

  LogPrefix log_;
  LogReport& report_;
  Frontier tree_;
};

}  // namespace

bool LogReport::clean() const {
  return std::none_of(findings.begin(), findings.end(),
                      [](const LogFinding& finding) { return finding.violation; });
}

Json LogReport::to_json() const {
  Json all = Json::array();
  for (const auto& entry : entries) {
    Json one = parse_json(entry.members).value_or(Json::object());
    one["event"] = entry.event;
    one["utc"] = to_rfc3339(entry.utc);
    one["synchronised"] = entry.synchronised;
    one["boot_id"] = entry.boot_id;
    one["at_ns"] = entry.at_ns;
    all.push_back(std::move(one));
  }
  Json told = Json::array();
  for (const auto& finding : findings)
    told.push_back({{"code", finding.code}, {"violation", finding.violation}, {"detail", finding.detail}});
  return {{"log_id", log_id},         {"device_id", device_id},         {"clean", clean()},
          {"leaves", leaves},         {"signed_leaves", signed_leaves}, {"findings", std::move(told)},
          {"entries", std::move(all)}};
}

Result<LogReport> check_log(const std::filesystem::path& directory) {
  LogReport report;
  auto log = read_log(directory);
  if (!log && log.error().kind == ErrorKind::kNotFound)
    return fail(ErrorKind::kNotFound, fmt::format("{} holds no device log", directory.string()));
  if (!log) {
    report.findings.push_back({"log-json", true, log.error().message});
    return report;
  }
  const auto checkpoints = read_text_file(directory / kCheckpoints, 1u << 30);
  LogChecker(std::move(*log), report).run(checkpoints ? *checkpoints : std::string());
  return report;
}

}  // namespace shilu::journal
