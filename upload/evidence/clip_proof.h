#pragma once
// proof/clip-N.json and proof/clip-N.records: what ties a clip to a checkpoint that the device signed. Values
// and their texts; docs/ref/package.md, "proof/clip-N.json". proven_records.h checks them.

#include <optional>
#include <string>
#include <vector>

#include "firmware/base/digest.h"
#include "firmware/base/dsse.h"

namespace shilu::evidence {

// A record before the range, with its way up to the signed root.
struct ProvenLeaf {
  std::uint64_t leaf = 0;
  Bytes record;                 // length, CRC and body
  std::vector<Digest> path;     // RFC 6962 audit path
  std::optional<Bytes> header;  // of an epoch that the clip uses: ftyp + moov of its file
};

struct ClipProof {
  std::string lesson_id;
  std::uint64_t tree_size = 0;
  DsseEnvelope checkpoint;
  std::uint64_t first_leaf = 0;
  std::vector<Digest> frontier;
  std::vector<ProvenLeaf> epochs;
  std::optional<ProvenLeaf> sign_in;
  std::vector<Digest> lesson_path;

  std::string to_json() const;
  // kCorrupted unless `text` is byte for byte what to_json writes of what it says.
  static Result<ClipProof> from_json(std::string_view text);
};

}  // namespace shilu::evidence
