#include "capture/journal/checkpoint.h"

#include <fmt/format.h>

#include "capture/journal/checkpoint_file.h"
#include "firmware/base/json_io.h"

namespace shilu::journal {
namespace {

constexpr std::string_view kLogType = "application/vnd.shilu.log-checkpoint+json";

const char* id_member(HeadKind kind) {
  return kind == HeadKind::kLesson ? "lesson_id" : "log_id";
}

Status read_digest(const Json& json, std::string_view name, Digest& out) {
  SHILU_TRY(const auto text, json_string(json, name));
  SHILU_TRY(out, digest_from_hex(text));
  return {};
}

Result<Checkpoint> checkpoint_from(const Json& json, HeadKind kind) {
  Checkpoint c;
  c.kind = kind;
  SHILU_TRY(c.lesson_id, json_string(json, id_member(kind)));
  SHILU_TRY(const auto size, json_int(json, "tree_size"));
  if (size < 1) return fail(ErrorKind::kCorrupted, "\"tree_size\" is less than 1");
  c.tree_size = static_cast<std::uint64_t>(size);
  SHILU_CHECK(read_digest(json, "root_sha256", c.root));
  SHILU_CHECK(read_digest(json, "previous_sha256", c.previous));
  SHILU_TRY(c.at.ns, json_int(json, "at_ns"));
  SHILU_TRY(c.utc, json_string(json, "utc"));
  SHILU_TRY(c.synchronised, json_bool(json, "synchronised"));
  SHILU_TRY(c.error_ms, json_int(json, "error_ms"));
  SHILU_TRY(c.reason, json_string(json, "reason"));
  return c;
}

Result<SignedCheckpoint> checkpoint_from_line(std::string_view line, HeadKind kind) {
  SignedCheckpoint result;
  SHILU_TRY(result.envelope, DsseEnvelope::from_json(line));
  if (result.envelope.payload_type != checkpoint_type(kind)) {
    return fail(ErrorKind::kCorrupted,
                fmt::format("\"{}\" is not a checkpoint", result.envelope.payload_type));
  }
  SHILU_TRY(result.checkpoint, Checkpoint::from_payload(result.envelope.payload, kind));
  result.line = line;
  return result;
}

}  // namespace

std::string_view checkpoint_type(HeadKind kind) {
  return kind == HeadKind::kLesson ? kCheckpointType : kLogType;
}

Bytes Checkpoint::payload() const {
  return to_bytes(canonical_json(Json{{id_member(kind), lesson_id},
                                      {"tree_size", tree_size},
                                      {"root_sha256", to_hex(root)},
                                      {"previous_sha256", to_hex(previous)},
                                      {"at_ns", at.ns},
                                      {"utc", utc},
                                      {"synchronised", synchronised},
                                      {"error_ms", error_ms},
                                      {"reason", reason}}));
}

Result<Checkpoint> Checkpoint::from_payload(ByteView payload, HeadKind kind) {
  auto checkpoint =
      parse_json(as_text(payload)).and_then([kind](const Json& json) { return checkpoint_from(json, kind); });
  if (!checkpoint) return fail(ErrorKind::kCorrupted, checkpoint.error().message);
  return checkpoint;
}

Result<SignedCheckpoint> sign_checkpoint(const Checkpoint& checkpoint, const SigningKey& key) {
  SHILU_TRY(auto envelope, dsse_sign(checkpoint_type(checkpoint.kind), checkpoint.payload(), key));
  auto line = envelope.to_json();
  return SignedCheckpoint{checkpoint, std::move(envelope), std::move(line)};
}

CheckpointPrefix read_checkpoint_prefix(std::string_view text, HeadKind kind) {
  CheckpointPrefix prefix;
  while (true) {
    const auto newline = text.find('\n', prefix.size);
    if (newline == text.npos) return prefix;
    auto one = checkpoint_from_line(text.substr(prefix.size, newline - prefix.size), kind);
    if (!one && newline + 1 == text.size())
      return prefix;  // torn: its pages may have reached the disk in any order
    if (!one) {
      prefix.error = Error{
          ErrorKind::kCorrupted,
          fmt::format("line {} of the checkpoints: {}", prefix.checkpoints.size() + 1, one.error().message)};
      return prefix;
    }
    prefix.checkpoints.push_back(std::move(*one));
    prefix.size = newline + 1;
  }
}

Result<std::vector<SignedCheckpoint>> parse_checkpoints(std::string_view text, HeadKind kind) {
  auto prefix = read_checkpoint_prefix(text, kind);
  if (prefix.error) return fail(*prefix.error);
  return std::move(prefix.checkpoints);
}

}  // namespace shilu::journal
