#include "upload/evidence/clip_proof.h"

#include "firmware/base/json_io.h"

namespace shilu::evidence {
namespace {

constexpr std::string_view kFormat = "shilu-clip-proof/1";

Json hex_list(const std::vector<Digest>& digests) {
  Json list = Json::array();
  for (const Digest& digest : digests) list.push_back(to_hex(digest));
  return list;
}

Json leaf_json(const ProvenLeaf& leaf) {
  return {{"leaf", leaf.leaf}, {"record", to_base64(leaf.record)}, {"path", hex_list(leaf.path)}};
}

Json epoch_json(const ProvenLeaf& epoch) {
  Json json = leaf_json(epoch);
  json["header"] = nullptr;
  if (epoch.header) json["header"] = to_base64(*epoch.header);
  return json;
}

Result<std::uint64_t> count_member(const Json& json, std::string_view name) {
  SHILU_TRY(const std::int64_t value, json_int(json, name));
  if (value < 0) return fail(ErrorKind::kCorrupted, "a count is negative");
  return static_cast<std::uint64_t>(value);
}

Result<std::vector<Digest>> digest_list(const Json& json, std::string_view name) {
  SHILU_TRY(const Json list, json_array(json, name));
  std::vector<Digest> digests;
  for (const Json& item : list) {
    if (!item.is_string()) return fail(ErrorKind::kCorrupted, "a digest is no text");
    SHILU_TRY(const Digest digest, digest_from_hex(item.get_ref<const std::string&>()));
    digests.push_back(digest);
  }
  return digests;
}

Result<Bytes> base64_member(const Json& json, std::string_view name) {
  SHILU_TRY(const std::string text, json_string(json, name));
  return from_base64(text);
}

Result<ProvenLeaf> read_leaf(const Json& json) {
  ProvenLeaf leaf;
  SHILU_TRY(leaf.leaf, count_member(json, "leaf"));
  SHILU_TRY(leaf.record, base64_member(json, "record"));
  SHILU_TRY(leaf.path, digest_list(json, "path"));
  return leaf;
}

Result<ProvenLeaf> read_epoch(const Json& json) {
  SHILU_TRY(ProvenLeaf leaf, read_leaf(json));
  if (json.contains("header") && json["header"].is_null()) return leaf;
  SHILU_TRY(leaf.header, base64_member(json, "header"));
  return leaf;
}

Result<ClipProof> proof_from(const Json& json) {
  ClipProof proof;
  SHILU_TRY(proof.lesson_id, json_string(json, "lesson_id"));
  SHILU_TRY(proof.tree_size, count_member(json, "tree_size"));
  SHILU_TRY(const Json checkpoint, json_object(json, "checkpoint"));
  SHILU_TRY(proof.checkpoint, DsseEnvelope::from_json(canonical_json(checkpoint)));
  SHILU_TRY(proof.first_leaf, count_member(json, "first_leaf"));
  SHILU_TRY(proof.frontier, digest_list(json, "frontier"));
  SHILU_TRY(const Json epochs, json_array(json, "epochs"));
  for (const Json& item : epochs) {
    SHILU_TRY(ProvenLeaf epoch, read_epoch(item));
    proof.epochs.push_back(std::move(epoch));
  }
  if (json.contains("sign_in") && !json["sign_in"].is_null()) {
    SHILU_TRY(proof.sign_in, read_leaf(json["sign_in"]));
  }
  SHILU_TRY(proof.lesson_path, digest_list(json, "lesson_path"));
  return proof;
}

}  // namespace

std::string ClipProof::to_json() const {
  Json epoch_list = Json::array();
  for (const ProvenLeaf& epoch : epochs) epoch_list.push_back(epoch_json(epoch));
  Json json{{"format", kFormat},
            {"lesson_id", lesson_id},
            {"tree_size", tree_size},
            {"checkpoint", parse_json(checkpoint.to_json()).value_or(Json())},
            {"first_leaf", first_leaf},
            {"frontier", hex_list(frontier)},
            {"epochs", std::move(epoch_list)},
            {"sign_in", nullptr},
            {"lesson_path", hex_list(lesson_path)}};
  if (sign_in) json["sign_in"] = leaf_json(*sign_in);
  return canonical_json(json);
}

Result<ClipProof> ClipProof::from_json(std::string_view text) {
  auto proof = parse_json(text).and_then(proof_from);
  if (!proof) return fail(ErrorKind::kCorrupted, proof.error().message);
  if (proof->to_json() != text) {
    return fail(ErrorKind::kCorrupted, "it is not written as format shilu-clip-proof/1 wants it");
  }
  return proof;
}

}  // namespace shilu::evidence
