#pragma once
// The stage of every attack: a good package, the device that made it, another device, and tools to forge
// with.

#include <catch2/catch.hpp>

#include "firmware/base/sealed_box.h"
#include "tests/base/test_keys.h"
#include "tests/evidence/evidence_fixture.h"
#include "upload/evidence/clip_proof.h"
#include "upload/evidence/evidence_json.h"

namespace shilu::test {

// A good package, the device that made it, and another device.
struct Stage {
  TemporaryDirectory directory;
  std::filesystem::path keys = directory / "keys";
  std::filesystem::path other_keys = directory / "other-keys";
  std::filesystem::path lesson = directory / "lesson";
  std::filesystem::path good = directory / "good.zip";
  std::filesystem::path bad = directory / "bad.zip";
  BoxKeyPair platform = BoxKeyPair::generate();

  explicit Stage(const TinyRecipe& recipe = {}) {
    write_tiny_lesson(lesson, keys, recipe);
    auto request = request_of(lesson);
    request.identity_key = platform.public_key;
    build(request, keys, good);
    REQUIRE_FALSE(verify_file(good).refuted());
  }

  CertifiedKey seal_key() const { return test::certified(keys, KeyRole::kSeal); }
  CertifiedKey other_seal_key() const { return test::certified(other_keys, KeyRole::kSeal); }
  PublicKey device() const { return must(SigningKey::load(keys / "device.key")).public_key(); }
  // Another lesson of the same device.
  Pieces other_package() {
    TinyRecipe recipe;
    recipe.seconds = 8;
    recipe.another = true;
    write_tiny_lesson(directory / "other", keys, recipe);
    auto request = request_of(directory / "other");
    request.identity_key = platform.public_key;
    request.clips[0].range = {LessonTime::from_ms(2000), LessonTime::from_ms(6000)};
    build(request, keys, directory / "other.zip");
    return take_apart(directory / "other.zip");
  }

  evidence::VerifyReport after(const Pieces& pieces, const evidence::VerifyOptions& options = {}) {
    pieces.write(bad);
    return verify_file(bad, options);
  }
};

inline const std::string kClip = "data/clips/clip-1/room.mp4";
inline const std::string kProof = "proof/clip-1.json";
inline const std::string kRecords = "proof/clip-1.records";

inline evidence::Evidence evidence_of(const Pieces& pieces) {
  return must(evidence::Evidence::from_json(as_text(pieces.files.at("data/evidence.json"))));
}
// Makes evidence.json and bag-info.txt speak of the files as they are now.
inline void put_evidence(Pieces& pieces, evidence::Evidence claims) {
  for (evidence::ClaimedSource& source : claims.clips[0].sources) {
    for (evidence::ClaimedPart& part : source.parts) {
      part.file.sha256 = sha256(pieces.files.at(part.file.file));
      part.file.size_bytes = pieces.files.at(part.file.file).size();
    }
  }
  for (evidence::ClaimedDocument& document : claims.documents) {
    document.file.sha256 = sha256(pieces.files.at(document.file.file));
    document.file.size_bytes = pieces.files.at(document.file.file).size();
  }
  pieces.files["data/evidence.json"] = to_bytes(claims.to_json());
  std::uint64_t bytes = 0, count = 0;
  for (const auto& [name, content] : pieces.files) {
    if (!name.starts_with("data/")) continue;
    bytes += content.size();
    ++count;
  }
  auto& info = pieces.files["bag-info.txt"];
  const std::string text(as_text(info));
  info = to_bytes(text.substr(0, text.find("Payload-Oxum")) + "Payload-Oxum: " + std::to_string(bytes) + "." +
                  std::to_string(count) + "\n");
}
// Says another range of the first clip, which is of one part.
inline void claim_range(evidence::Evidence& claims, std::int64_t from_ms, std::int64_t to_ms) {
  claims.clips[0].range = {LessonTime::from_ms(from_ms), LessonTime::from_ms(to_ms)};
  for (evidence::ClaimedSource& source : claims.clips[0].sources)
    source.parts.at(0).range = claims.clips[0].range;
}
inline evidence::ClipProof proof_of(const Pieces& pieces) {
  return must(evidence::ClipProof::from_json(as_text(pieces.files.at(kProof))));
}
inline void put_proof(Pieces& pieces, const evidence::ClipProof& proof) {
  pieces.files[kProof] = to_bytes(proof.to_json());
}

}  // namespace shilu::test

// The report refutes this fact with this value.
#define REFUTED(report, fact, value)                         \
  do {                                                       \
    const shilu::evidence::VerifyReport shilu_told = report; \
    INFO(shilu::test::told(shilu_told));                     \
    CHECK(shilu_told.refuted());                             \
    CHECK(shilu::test::value_of(shilu_told, fact) == value); \
  } while (false)
