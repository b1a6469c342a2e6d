// upload/evidence: proven_records, clip_check, declared_gaps, over journal records and a clip of which a
// device signed every byte: what an attacker with a device of his own can say. Input: a range in ms (two
// 16-bit numbers), the records (chunk), the clip. The fragments' hashes and the epochs' headers in the
// records are made to fit.

#include <deque>
#include <set>

#include "capture/bmff/fragment_writer.h"
#include "capture/journal/merkle.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/fuzz_lesson.h"
#include "upload/evidence/clip_check.h"

using namespace shilu;
using namespace shilu::evidence;
using namespace shilu::journal;

namespace {

Bytes mended(ByteView bytes) {
  fuzz::Input input(bytes.data(), bytes.size());
  Bytes out;
  put_bytes(out, input.take(4));
  const Bytes records = fuzz::mended_records(input.chunk());
  if (records.size() > 0xffff) return {};
  put_u16(out, static_cast<std::uint16_t>(records.size()));
  put_bytes(out, records);
  put_bytes(out, input.rest());
  return out;
}

Bytes header_of(const EpochEvent& epoch) {
  for (const auto& [name, bytes] : fuzz::fuzz_lesson().pieces().files) {
    if (name != "proof/clip-1.json") continue;
    const auto proof = ClipProof::from_json(as_text(bytes));
    for (const ProvenLeaf& leaf : proof->epochs) {
      const auto decoded = decode(leaf.record);
      const auto& event = std::get<EventRecord>((*decoded)->record);
      if (std::get<EpochEvent>(event.body)
              .name.ends_with(epoch.name.ends_with(".video") ? ".video" : ".audio"))
        return leaf.header.value_or(Bytes());
    }
  }
  return {};
}

struct Recording {
  std::vector<Bytes> records;
  std::vector<std::pair<std::uint64_t, Bytes>> epochs;  // leaf, header
};

// Hashes of the clip's fragments of which no record speaks yet, in their order.
std::deque<Digest> unrecorded(ByteView bytes, const std::vector<ClipMedia::Fragment>& fragments) {
  std::set<Digest> recorded;
  while (true) {
    const auto decoded = decode(bytes);
    if (!decoded || !*decoded) break;
    if (const auto* one = std::get_if<FragmentRecord>(&(*decoded)->record))
      recorded.insert(one->fragment_sha256);
    bytes = bytes.subspan((*decoded)->size);
  }
  std::deque<Digest> hashes;
  for (const auto& fragment : fragments) {
    if (!recorded.contains(fragment.sha256)) hashes.push_back(fragment.sha256);
  }
  return hashes;
}

// The records as far as they can be read. Those of fragments that the clip has not are given to those that it
// has.
Recording signable(ByteView bytes, const std::vector<ClipMedia::Fragment>& fragments) {
  Recording recording;
  std::set<Digest> in_clip;
  for (const auto& fragment : fragments) in_clip.insert(fragment.sha256);
  auto free = unrecorded(bytes, fragments);
  while (true) {
    auto decoded = decode(bytes);
    if (!decoded || !*decoded) return recording;
    Record& record = (*decoded)->record;
    if (auto* one = std::get_if<FragmentRecord>(&record)) {
      if (!in_clip.contains(one->fragment_sha256) && !free.empty()) {
        one->fragment_sha256 = free.front();
        free.pop_front();
      }
    } else if (auto* epoch = std::get_if<EpochEvent>(&std::get<EventRecord>(record).body)) {
      const Bytes header = header_of(*epoch);
      epoch->header_sha256 = sha256(header);
      epoch->header_size = static_cast<std::uint32_t>(header.size());
      recording.epochs.emplace_back(recording.records.size() + 1, header);
    }
    recording.records.push_back(encode(record));
    bytes = bytes.subspan((*decoded)->size);
  }
}

ClipProof sign(const Recording& recording) {
  const std::string lesson = fuzz::fuzz_lesson().lesson_json();
  std::vector<Digest> leaves{leaf_hash(as_bytes(lesson))};
  for (const Bytes& record : recording.records) leaves.push_back(leaf_hash(record));
  Frontier tree;
  for (const Digest& leaf : leaves) tree.append(leaf);
  Checkpoint checkpoint;
  checkpoint.lesson_id = test::must(LessonInfo::from_json(lesson)).lesson_id;
  checkpoint.tree_size = leaves.size();
  checkpoint.root = tree.root();
  checkpoint.utc = "2026-05-28T12:26:40.000Z";
  checkpoint.reason = "stop";
  ClipProof proof;
  proof.lesson_id = checkpoint.lesson_id;
  proof.tree_size = leaves.size();
  proof.checkpoint = sign_checkpoint(checkpoint, fuzz::fuzz_lesson().recording_key().key).value().envelope;
  proof.first_leaf = 1;
  proof.frontier = {leaves.front()};
  for (const auto& [leaf, header] : recording.epochs)
    proof.epochs.push_back({leaf, recording.records[leaf - 1], inclusion_path(leaf, leaves), header});
  proof.lesson_path = inclusion_path(0, leaves);
  return proof;
}

ClipMedia media_of(ByteView clip) {
  ClipMedia media{
      [clip](std::uint64_t offset, std::size_t size) { return fuzz::MemoryFile(clip).read_at(offset, size); },
      0,
      {}};
  const auto layout = bmff::parse_clip_layout(media.read, clip.size());
  if (!layout) return media;
  media.header_size = layout->header_size;
  for (const auto& part : layout->fragments)
    media.fragments.push_back({part.offset, part.size, sha256(clip.subspan(part.offset, part.size))});
  return media;
}

}  // namespace

std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t max_size,
                                    unsigned seed) {
  return fuzz::mutate_and_repair(data, size, max_size, seed, mended);
}

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  const TimeRange range{LessonTime::from_ms(input.u16()), LessonTime::from_ms(input.u16())};
  const ByteView records = input.chunk();
  const ClipMedia media = media_of(input.rest());
  const Recording recording = signable(records, media.fragments);
  if (recording.records.empty()) return 0;
  const ClipProof proof = sign(recording);
  Bytes all;
  for (const Bytes& record : recording.records) put_bytes(all, record);
  const auto proven = ProvenRecords::open(proof, all, fuzz::fuzz_lesson().lesson_json());
  if (!proven || range.empty()) return 0;
  const ClipPart part{range, &media};
  const auto gaps = check_clip(*proven, "room", {&part, 1});
  fuzz::promise(gaps || gaps.error().kind == ErrorKind::kCorrupted, "a clip is whole or corrupted");
  return 0;
}
