#pragma once
// Makes the proof of a clip from a lesson's folder. Inside this module only.

#include <optional>
#include <string>
#include <vector>

#include "capture/journal/lesson_folder.h"
#include "upload/evidence/clip_proof.h"
#include "upload/evidence/proven_records.h"

namespace shilu::evidence {

struct BuiltProof {
  ClipProof proof;
  Bytes records;
  ProvenRecords proven;  // what a verifier reads from the two
};

class ProofBuilder {
 public:
  // `lesson` is borrowed for the builder's life.
  explicit ProofBuilder(const journal::LessonFolder& lesson);

  // `leaves`: every fragment that the clip uses, and their epochs. `sources`: of the clip. `subject`: whose
  // sign-in is looked for. kFailedPrecondition: no checkpoint covers all of it yet. kCorrupted: what is
  // signed is not what is there.
  Result<BuiltProof> build(const std::vector<std::uint64_t>& leaves, const std::vector<std::string>& sources,
                           TimeRange range, const Digest& subject) const;

 private:
  // Everything that the proof must reach from and to.
  struct Reach {
    std::uint64_t first = 0;
    std::uint64_t last = 0;
  };
  Reach reach_of(const std::vector<std::uint64_t>& leaves, const std::vector<std::string>& sources,
                 TimeRange range) const;
  bool speaks_of_mark(const journal::StoredRecord& stored, TimeRange range) const;
  Result<const journal::SignedCheckpoint*> checkpoint_behind(std::uint64_t leaf) const;
  std::optional<std::uint64_t> find_sign_in(const Digest& subject) const;
  Result<std::vector<ProvenLeaf>> epochs_of(const ClipProof& proof,
                                            const std::vector<std::uint64_t>& used) const;
  ProvenLeaf proven_leaf(std::uint64_t leaf, std::uint64_t tree_size) const;

  const journal::LessonFolder& lesson_;
  std::vector<Digest> leaf_hashes_;
  std::vector<Mark> marks_;
};

}  // namespace shilu::evidence
