// Here the attacker has the device's seal key: a thief of the key, or a school that owns the device. Only the
// recording key, which the recorder alone reads, stands between him and a forged clip.

#include <catch2/catch.hpp>

#include "firmware/base/json_io.h"
#include "tests/base/test_keys.h"
#include "tests/evidence/attack_stage.h"
#include "upload/evidence/package_reader.h"

using namespace shilu;
using namespace shilu::evidence;
using namespace shilu::test;

TEST_CASE("the borders of a clip are changed, and it is sealed again") {
  Stage stage;
  auto pieces = take_apart(stage.good);
  auto evidence = evidence_of(pieces);
  SECTION("one ms later") {
    claim_range(evidence, 1001, 4000);
  }
  SECTION("one ms earlier") {
    claim_range(evidence, 999, 4000);
  }
  SECTION("longer") {
    claim_range(evidence, 1000, 4001);
  }
  SECTION("shorter") {
    claim_range(evidence, 1000, 3000);
  }
  SECTION("elsewhere") {
    claim_range(evidence, 0, 3000);
  }
  put_evidence(pieces, evidence);
  pieces.seal(stage.seal_key());
  REFUTED(stage.after(pieces), "continuity", "altered");
}

TEST_CASE("a bit of a clip is changed, and it is sealed again") {
  Stage stage;
  auto pieces = take_apart(stage.good);
  auto& clip = pieces.files[kClip];
  const std::size_t where = GENERATE(take(40, random(std::size_t{0}, std::size_t{3000})));
  clip[where % clip.size()] ^= 4;
  put_evidence(pieces, evidence_of(pieces));
  pieces.seal(stage.seal_key());
  INFO("byte " << where % clip.size() << " of " << clip.size());
  REFUTED(stage.after(pieces), "continuity", "altered");
}

TEST_CASE("fragments are dropped, doubled, swapped or cut out of the sound") {
  Stage stage;
  auto pieces = take_apart(stage.good);
  auto& clip = pieces.files[kClip];
  // The fragments by their places: [moof mdat] pairs behind the header.
  std::vector<std::pair<std::size_t, std::size_t>> fragments;
  const auto u32 = [&](std::size_t at) {
    return static_cast<std::size_t>(clip[at] << 24 | clip[at + 1] << 16 | clip[at + 2] << 8 | clip[at + 3]);
  };
  const std::size_t header = u32(0) + u32(u32(0)) + 16;  // ftyp, moov, the mdat's head
  REQUIRE(as_text(ByteView(clip).subspan(header + 4, 4)) == "moof");
  for (std::size_t at = header; at < clip.size();) {
    const std::size_t size = u32(at) + u32(at + u32(at));
    fragments.push_back({at, size});
    at += size;
  }
  REQUIRE(fragments.size() > 4);
  const auto piece = [&](std::size_t i) {
    return Bytes(clip.begin() + static_cast<std::ptrdiff_t>(fragments[i].first),
                 clip.begin() + static_cast<std::ptrdiff_t>(fragments[i].first + fragments[i].second));
  };
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < fragments.size(); ++i) order.push_back(i);
  SECTION("dropped in the middle") {
    order.erase(order.begin() + 2);
  }
  SECTION("dropped at the end") {
    order.pop_back();
  }
  SECTION("dropped at the start") {
    order.erase(order.begin());
  }
  SECTION("doubled") {
    order.insert(order.begin() + 2, order[2]);
  }
  SECTION("swapped") {
    std::swap(order[1], order[3]);
  }
  SECTION("all of the sound") {
    // Video moofs hold 5 samples of 16 bytes, sound moofs 8 of 12.
    std::erase_if(order, [&](std::size_t i) { return u32(fragments[i].first) != 88 + 5 * 16; });
    REQUIRE(order.size() < fragments.size());
    REQUIRE_FALSE(order.empty());
  }
  Bytes forged(clip.begin(), clip.begin() + static_cast<std::ptrdiff_t>(header));
  for (const std::size_t i : order) put_bytes(forged, piece(i));
  // The mdat's 64-bit size is made to fit; the tables are beyond a lazy attacker, and the next test is for
  // the other.
  Bytes size;
  put_u64(size, forged.size() - header + 16);
  std::copy(size.begin(), size.end(), forged.begin() + static_cast<std::ptrdiff_t>(header - 8));
  clip = forged;
  put_evidence(pieces, evidence_of(pieces));
  pieces.seal(stage.seal_key());
  REFUTED(stage.after(pieces), "continuity", "altered");
}

TEST_CASE("a clip is cut anew without its last or first second, header and all, and keeps its borders") {
  // The attacker lets an honest builder cut a shorter clip, and claims the longer range for it.
  Stage stage;
  auto request = request_of(stage.lesson);
  request.identity_key = stage.platform.public_key;
  request.clips[0].range = GENERATE(TimeRange{LessonTime::from_ms(1000), LessonTime::from_ms(3000)},
                                    TimeRange{LessonTime::from_ms(2000), LessonTime::from_ms(4000)});
  build(request, stage.keys, stage.bad);
  auto pieces = take_apart(stage.bad);
  auto evidence = evidence_of(pieces);
  claim_range(evidence, 1000, 4000);
  put_evidence(pieces, evidence);
  const bool own_proof = GENERATE(true, false);
  if (!own_proof) {
    const auto good = take_apart(stage.good);
    for (const auto& name : {kProof, kRecords}) pieces.files[name] = good.files.at(name);
  }
  pieces.seal(stage.seal_key());
  REFUTED(stage.after(pieces), "continuity", "altered");
}

TEST_CASE("records are removed, changed or added, and it is sealed again") {
  Stage stage;
  auto pieces = take_apart(stage.good);
  Bytes& records = pieces.files[kRecords];
  const std::size_t first = must(journal::decode(records))->size;
  ClipProof proof = proof_of(pieces);
  SECTION("one in the middle") {
    const std::size_t second = must(journal::decode(ByteView(records).subspan(first)))->size;
    records.erase(records.begin() + static_cast<std::ptrdiff_t>(first),
                  records.begin() + static_cast<std::ptrdiff_t>(first + second));
  }
  SECTION("the first, and the proof begins later") {
    records.erase(records.begin(), records.begin() + static_cast<std::ptrdiff_t>(first));
    ++proof.first_leaf;
  }
  SECTION("the last half") {
    records.resize(records.size() / 2);
  }
  SECTION("one more at the end") {
    put_bytes(records, Bytes(records.begin(), records.begin() + static_cast<std::ptrdiff_t>(first)));
  }
  SECTION("one bit") {
    records[first + 30] ^= 1;
  }
  SECTION("all") {
    records.clear();
  }
  put_proof(pieces, proof);
  pieces.seal(stage.seal_key());
  REFUTED(stage.after(pieces), "recording", "altered");
}

TEST_CASE("a hole is hidden by leaving its declaration out") {
  TinyRecipe recipe;
  recipe.hole_ms = {{2100, 2900}};
  Stage stage(recipe);
  REQUIRE(value_of(verify_file(stage.good), "continuity") == "whole-with-declared-gaps");
  auto pieces = take_apart(stage.good);
  Bytes kept;
  bool removed = false;
  for (ByteView rest = pieces.files[kRecords]; !rest.empty();) {
    const auto one = *must(journal::decode(rest));
    const auto* event = std::get_if<journal::EventRecord>(&one.record);
    const bool gap = event != nullptr && std::holds_alternative<journal::GapEvent>(event->body);
    removed = removed || gap;
    if (!gap) put_bytes(kept, rest.first(one.size));
    rest = rest.subspan(one.size);
  }
  REQUIRE(removed);
  pieces.files[kRecords] = kept;
  pieces.seal(stage.seal_key());
  REFUTED(stage.after(pieces), "recording", "altered");
}

TEST_CASE("the proof is bent, and it is sealed again") {
  Stage stage;
  auto pieces = take_apart(stage.good);
  ClipProof proof = proof_of(pieces);
  SECTION("a smaller tree") {
    --proof.tree_size;
  }
  SECTION("a larger tree") {
    ++proof.tree_size;
  }
  SECTION("an endless tree") {
    proof.tree_size = std::uint64_t{1} << 62;
  }
  SECTION("another start") {
    proof.first_leaf = 0;
  }
  SECTION("a start behind the end") {
    proof.first_leaf = proof.tree_size;
  }
  SECTION("another frontier") {
    proof.frontier[0][0] ^= 1;
  }
  SECTION("a frontier of one more") {
    proof.frontier.push_back({});
  }
  SECTION("another path") {
    proof.lesson_path.at(0)[0] ^= 1;
  }
  SECTION("another lesson") {
    proof.lesson_id = "01938b6e-7e5f-7cc3-8b12-0a5a3c9f2e12";
  }
  SECTION("no epochs") {
    proof.epochs.clear();
  }
  SECTION("another epoch header") {
    proof.epochs[0].header->at(50) ^= 1;
  }
  SECTION("another epoch record") {
    proof.epochs[0].record[40] ^= 1;
  }
  SECTION("another checkpoint signature") {
    proof.checkpoint.signature[5] ^= 1;
  }
  SECTION("another checkpoint payload") {
    proof.checkpoint.payload[20] ^= 1;
  }
  SECTION("a checkpoint of another device") {
    const auto key = test::certified(stage.other_keys, KeyRole::kRecording);
    proof.checkpoint = must(dsse_sign(proof.checkpoint.payload_type, proof.checkpoint.payload, key.key));
  }
  SECTION("a checkpoint signed by the seal key") {
    proof.checkpoint =
        must(dsse_sign(proof.checkpoint.payload_type, proof.checkpoint.payload, stage.seal_key().key));
  }
  put_proof(pieces, proof);
  pieces.seal(stage.seal_key());
  REFUTED(stage.after(pieces), "recording", "altered");
}

TEST_CASE("an epoch is left out of the proof so that its sound need not be shown") {
  // Without the epoch of room.audio nobody knows what its records are.
  Stage stage;
  auto pieces = take_apart(stage.good);
  ClipProof proof = proof_of(pieces);
  REQUIRE(proof.epochs.size() == 2);
  proof.epochs.pop_back();
  put_proof(pieces, proof);
  pieces.seal(stage.seal_key());
  REFUTED(stage.after(pieces), "recording", "altered");
}

TEST_CASE("lesson.json is that of another device's recording") {
  Stage stage;
  auto pieces = take_apart(stage.good);
  write_tiny_lesson(stage.directory / "stolen", stage.other_keys);
  pieces.files["proof/lesson.json"] = read_bytes(stage.directory / "stolen/lesson.json");
  pieces.seal(stage.seal_key());
  REFUTED(stage.after(pieces), "recording", "altered");
}

TEST_CASE("the teacher is swapped, and it is sealed again") {
  TinyRecipe recipe;
  recipe.signed_in = teacher_wang();
  Stage stage(recipe);
  REQUIRE(value_of(verify_file(stage.good), "teacher") == "signed-in");
  auto pieces = take_apart(stage.good);
  auto evidence = evidence_of(pieces);
  evidence.pseudonym = "t-0123456789abcdef";
  SECTION("as signed in") {
    put_evidence(pieces, evidence);
    pieces.seal(stage.seal_key());
    REFUTED(stage.after(pieces), "teacher", "altered");
  }
  SECTION("as asserted: then it says so") {
    evidence.binding = kAsserted;
    put_evidence(pieces, evidence);
    pieces.seal(stage.seal_key());
    const auto report = stage.after(pieces);
    CHECK_FALSE(report.refuted());
    CHECK(value_of(report, "teacher") == "asserted");
    // And the platform, who can open the box, sees that it is of somebody else.
    CHECK(open_identity(stage.bad, stage.platform).error().kind == ErrorKind::kCorrupted);
  }
}

TEST_CASE("evidence.json is written otherwise, and sealed again") {
  Stage stage;
  auto pieces = take_apart(stage.good);
  const std::string text(as_text(pieces.files["data/evidence.json"]));
  Json json = must(parse_json(text));
  std::string hostile;
  SECTION("with a blank") {
    hostile = text + " ";
  }
  SECTION("signatures not expected") {
    json["signatures_expected"] = false;
    hostile = canonical_json(json);
  }
  SECTION("with a member that nobody knows") {
    json["approved"] = true;
    hostile = canonical_json(json);
  }
  SECTION("of another type") {
    json["clips"][0]["from_ms"] = "1000";
    hostile = canonical_json(json);
  }
  SECTION("with a path out of the bag") {
    json["clips"][0]["sources"][0]["parts"][0]["file"] = "../../etc/passwd";
    hostile = canonical_json(json);
  }
  SECTION("with a source that is a path") {
    json["clips"][0]["sources"][0]["name"] = "../room";
    hostile = canonical_json(json);
  }
  SECTION("with huge numbers") {
    json["clips"][0]["to_ms"] = std::int64_t{1} << 62;
    hostile = canonical_json(json);
  }
  SECTION("with a number beyond 64 bits") {
    hostile = text;
    hostile.replace(hostile.find("\"to_ms\":4000"), 12, "\"to_ms\":99999999999999999999999");
  }
  SECTION("too deep") {
    hostile = std::string(100'000, '[');
  }
  SECTION("no JSON") {
    hostile = "\xff\xfe\x00garbage";
  }
  SECTION("nothing") {
    hostile = "";
  }
  SECTION("with a key twice") {
    hostile = "{\"format\":\"shilu-evidence/1\"," + text.substr(1);
  }
  SECTION("without clips") {
    json["clips"] = Json::array();
    hostile = canonical_json(json);
  }
  SECTION("larger than any") {
    hostile = "\"" + std::string(5u << 20, 'x') + "\"";
  }
  pieces.files["data/evidence.json"] = to_bytes(hostile);
  pieces.seal(stage.seal_key());
  REFUTED(stage.after(pieces), "contents", "altered");
}
