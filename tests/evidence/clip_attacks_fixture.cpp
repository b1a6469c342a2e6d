#include <algorithm>

#include "capture/journal/record.h"
#include "tests/evidence/catalogue_fixture.h"
#include "tests/evidence/clip_surgeon_fixture.h"

namespace shilu::test {
namespace {

using evidence::VerifyReport;

constexpr const char* kSealKey = "the seal key";
const TimeRange kRange{LessonTime::from_ms(1000), LessonTime::from_ms(4000)};
const std::string kSecondPart = "data/clips/clip-1/room.2.mp4";

Mark mark_at_two_seconds() {
  Mark mark;
  mark.id = "5b0a5e4c-52a1-4c54-9c1b-6b6f3d0d2a01";
  mark.point = "A6";
  mark.at = LessonTime::from_ms(2000);
  mark.look_back = mark.look_ahead = std::chrono::seconds(1);
  return mark;
}

// Changes the pieces of a good package, makes claims and manifests fit, and seals it with the device's own
// key.
VerifyReport sealed(const std::function<void(Stage&, Pieces&)>& change, const TinyRecipe& recipe = {}) {
  Stage stage(recipe);
  Pieces pieces = take_apart(stage.good);
  change(stage, pieces);
  put_evidence(pieces, evidence_of(pieces));
  pieces.seal(stage.seal_key());
  return stage.after(pieces);
}

using Fragments = std::vector<ClipSurgeon::Fragment>;
// Other fragments behind the old header.
VerifyReport lazy(const std::function<void(Fragments&)>& change) {
  return sealed([&](Stage&, Pieces& pieces) {
    ClipSurgeon surgeon(pieces, kClip);
    change(surgeon.fragments);
    pieces.files[kClip] = surgeon.behind_old_header();
  });
}
// Other fragments behind a header that fits them.
VerifyReport skilful(const std::function<void(Fragments&)>& change) {
  return sealed([&](Stage&, Pieces& pieces) {
    ClipSurgeon surgeon(pieces, kClip);
    change(surgeon.fragments);
    pieces.files[kClip] = surgeon.with_new_header(kRange);
  });
}

// The n-th fragment of picture or sound.
Fragments::iterator nth(Fragments& fragments, bool video, int n) {
  return std::find_if(fragments.begin(), fragments.end(),
                      [&](const auto& one) { return one.video == video && n-- == 0; });
}

VerifyReport splice() {
  return sealed([](Stage& stage, Pieces& pieces) {
    const Pieces other = stage.other_package();
    ClipSurgeon surgeon(pieces, kClip), donor(other, kClip);
    *nth(surgeon.fragments, true, 1) = *nth(donor.fragments, true, 1);
    pieces.files[kClip] = surgeon.behind_old_header();
  });
}

// The edit list is bent so that a player begins later than the clip says.
VerifyReport hidden_start() {
  return sealed([](Stage&, Pieces& pieces) {
    Bytes& clip = pieces.files[kClip];
    const std::size_t elst = as_text(clip).find("elst");
    clip[elst + 4 + 8 + 7] ^= 0x40;  // the media time of its first entry
  });
}

VerifyReport hidden_pause() {
  TinyRecipe recipe;
  recipe.hole_ms = {{2100, 2900}};
  return sealed(
      [](Stage&, Pieces& pieces) {
        Bytes kept;
        for (ByteView rest = pieces.files[kRecords]; !rest.empty();) {
          const auto one = *must(journal::decode(rest));
          const auto* event = std::get_if<journal::EventRecord>(&one.record);
          const bool gap = event != nullptr && std::holds_alternative<journal::GapEvent>(event->body);
          if (!gap) put_bytes(kept, rest.first(one.size));
          rest = rest.subspan(one.size);
        }
        pieces.files[kRecords] = kept;
      },
      recipe);
}

VerifyReport proof_of_another_device() {
  return sealed([](Stage& stage, Pieces& pieces) {
    write_tiny_lesson(stage.directory / "stolen", stage.other_keys);
    build(request_of(stage.directory / "stolen"), stage.other_keys, stage.directory / "stolen.zip");
    const Pieces other = take_apart(stage.directory / "stolen.zip");
    pieces.files[kProof] = other.files.at(kProof);
    pieces.files[kRecords] = other.files.at(kRecords);
  });
}

VerifyReport proof_of_another_lesson() {
  return sealed([](Stage& stage, Pieces& pieces) {
    const Pieces other = stage.other_package();
    pieces.files[kProof] = other.files.at(kProof);
    pieces.files[kRecords] = other.files.at(kRecords);
  });
}

// A real checkpoint of the device, from before the clip's end.
VerifyReport older_checkpoint(bool fitting) {
  TinyRecipe recipe;
  recipe.checkpoint_ms = 2000;  // the first at 2 s; what proves the clip is that at 4 s or later
  return sealed(
      [fitting](Stage& stage, Pieces& pieces) {
        const auto lesson = must(journal::LessonFolder::open(stage.lesson));
        auto proof = proof_of(pieces);
        const auto& older = lesson.checkpoints().front();
        REQUIRE(older.checkpoint.tree_size < proof.tree_size);
        proof.checkpoint = older.envelope;
        if (fitting) {
          proof.tree_size = older.checkpoint.tree_size;
          pieces.files[kRecords] = {};
          for (auto leaf = proof.first_leaf; leaf < proof.tree_size; ++leaf)
            put_bytes(pieces.files[kRecords], lesson.records()[leaf - 1].bytes);
          auto leaves = lesson.leaf_hashes();
          leaves.resize(proof.tree_size);
          proof.lesson_path = journal::inclusion_path(0, leaves);
          for (auto& epoch : proof.epochs) epoch.path = journal::inclusion_path(epoch.leaf, leaves);
        }
        put_proof(pieces, proof);
      },
      recipe);
}

VerifyReport with_mark(const std::function<void(std::string&)>& change) {
  TinyRecipe recipe;
  recipe.marks = {mark_at_two_seconds()};
  return sealed(
      [&](Stage&, Pieces& pieces) {
        std::string text(as_text(pieces.files.at("data/marks.vtt")));
        change(text);
        pieces.files["data/marks.vtt"] = to_bytes(text);
      },
      recipe);
}

VerifyReport swapped_teacher() {
  TinyRecipe recipe;
  recipe.signed_in = teacher_wang();
  return sealed(
      [](Stage&, Pieces& pieces) {
        auto claims = evidence_of(pieces);
        claims.pseudonym = "t-0123456789abcdef";
        put_evidence(pieces, claims);
      },
      recipe);
}

// The first part ends a second early, the second begins as before: what lies between is gone.
VerifyReport lost_between_parts() {
  TinyRecipe recipe;
  recipe.change_ms = 3000;
  return sealed(
      [](Stage& stage, Pieces& pieces) {
        auto shorter = request_of(stage.lesson);
        shorter.clips[0].range.to = LessonTime::from_ms(2000);
        build(shorter, stage.keys, stage.bad);
        pieces.files[kClip] = take_apart(stage.bad).files.at(kClip);
        auto claims = evidence_of(pieces);
        auto& parts = claims.clips[0].sources[0].parts;
        REQUIRE(parts.size() == 2);
        parts[0].range.to = parts[1].range.from = LessonTime::from_ms(2000);
        put_evidence(pieces, claims);
      },
      recipe);
}

}  // namespace

std::vector<Attack> attacks_on_clips() {
  return {
      {"drop a fragment of the picture", kSealKey, "continuity",
       [] { return skilful([](Fragments& f) { f.erase(nth(f, true, 1)); }); }},
      {"drop the last fragment of the picture", kSealKey, "continuity",
       [] { return skilful([](Fragments& f) { f.erase(nth(f, true, 2)); }); }},
      {"swap two fragments", kSealKey, "continuity",
       [] { return lazy([](Fragments& f) { std::swap(*nth(f, true, 0), *nth(f, true, 1)); }); }},
      {"repeat a fragment", kSealKey, "continuity",
       [] { return lazy([](Fragments& f) { f.insert(nth(f, true, 1), *nth(f, true, 1)); }); }},
      {"splice in a fragment of another lesson", kSealKey, "continuity", splice},
      {"cut a second of the sound only", kSealKey, "continuity",
       [] { return skilful([](Fragments& f) { f.erase(nth(f, false, 1)); }); }},
      {"leave out all of the sound", kSealKey, "continuity",
       [] {
         return skilful([](Fragments& f) { std::erase_if(f, [](const auto& one) { return !one.video; }); });
       }},
      {"claim a longer clip than is there", kSealKey, "continuity",
       [] {
         return sealed([](Stage&, Pieces& pieces) {
           auto claims = evidence_of(pieces);
           claim_range(claims, 1000, 5000);
           put_evidence(pieces, claims);
         });
       }},
      {"bend the edit list so that players skip the start", kSealKey, "continuity", hidden_start},
      {"hide a pause by leaving its record out", kSealKey, "recording", hidden_pause},
      {"lose a second between two parts of a clip", kSealKey, "continuity", lost_between_parts},
      {"put in the clip of another package", kSealKey, "continuity",
       [] {
         return sealed([](Stage& stage, Pieces& pieces) {
           pieces.files[kClip] = stage.other_package().files.at(kClip);
         });
       }},
      {"take the proof of another lesson of the device", kSealKey, "recording", proof_of_another_lesson},
      {"take the proof of another device's lesson", kSealKey, "recording", proof_of_another_device},
      {"take an older checkpoint", kSealKey, "recording", [] { return older_checkpoint(false); }},
      {"take an older checkpoint with the records that fit it", kSealKey, "continuity",
       [] { return older_checkpoint(true); }},
      {"strip the signature of the recording", kSealKey, "recording",
       [] {
         return sealed([](Stage&, Pieces& pieces) {
           auto proof = proof_of(pieces);
           std::fill(proof.checkpoint.signature.begin(), proof.checkpoint.signature.end(), std::uint8_t{0});
           put_proof(pieces, proof);
         });
       }},
      {"change the point of a mark", kSealKey, "marks",
       [] { return with_mark([](std::string& text) { text.replace(text.find("A6"), 2, "A5"); }); }},
      {"move a mark by a second", kSealKey, "marks",
       [] {
         return with_mark(
             [](std::string& text) { text.replace(text.find("\"at_ms\":1000"), 12, "\"at_ms\":2000"); });
       }},
      {"invent a mark", kSealKey, "marks",
       [] {
         return with_mark([](std::string& text) {
           text +=
               "\n5b0a5e4c-52a1-4c54-9c1b-6b6f3d0d2a02\n00:00:00.000 --> "
               "00:00:01.000\n{\"at_ms\":500,\"point\":\"A1\"}\n";
         });
       }},
      {"swap the teacher, and seal", kSealKey, "teacher", swapped_teacher},
  };
}

}  // namespace shilu::test
