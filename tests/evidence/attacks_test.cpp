// What somebody without the device's keys may try with a package. Every attack names the fact that refutes
// it.

#include <catch2/catch.hpp>

#include "firmware/base/json_io.h"
#include "tests/base/test_keys.h"
#include "tests/evidence/attack_stage.h"
#include "upload/evidence/package_reader.h"

using namespace shilu;
using namespace shilu::evidence;
using namespace shilu::test;

TEST_CASE("a document is swapped") {
  Stage stage;
  auto pieces = take_apart(stage.good);
  pieces.files["data/documents/document-1.pdf"] = pieces.files["data/documents/document-2.pdf"];
  SECTION("and nothing else: the manifest knows") {
    REFUTED(stage.after(pieces), "contents", "altered");
  }
  SECTION("and evidence and manifests are made to fit: the old seal knows") {
    put_evidence(pieces, evidence_of(pieces));
    pieces.make_manifests();
    const auto report = stage.after(pieces);
    CHECK(value_of(report, "contents") == "intact");
    REFUTED(report, "seal", "invalid");
  }
  SECTION("and another device seals it") {
    put_evidence(pieces, evidence_of(pieces));
    pieces.seal(stage.other_seal_key());
    const auto report = stage.after(pieces, {{stage.device()}, {}, {}});
    CHECK(value_of(report, "device") == "unknown");
    REFUTED(report, "seal", "invalid");
    CHECK(detail_of(report, "seal").find("sealed what device") != std::string::npos);
  }
}

TEST_CASE("the seal is taken away") {
  Stage stage;
  auto pieces = take_apart(stage.good);
  pieces.files.erase("seal.json");
  SECTION("alone") {}
  SECTION("with its certificate") {
    pieces.files.erase("seal-certificate.json");
    pieces.make_manifests();
  }
  REFUTED(stage.after(pieces), "seal", "missing");
}

TEST_CASE("the seal's certificate is missing or of another device") {
  Stage stage;
  auto pieces = take_apart(stage.good);
  SECTION("missing") {
    pieces.files.erase("seal-certificate.json");
  }
  SECTION("another device's") {
    pieces.files["seal-certificate.json"] = to_bytes(stage.other_seal_key().certificate.envelope.to_json());
  }
  SECTION("the recording key's") {
    const auto key = test::certified(stage.keys, KeyRole::kRecording);
    pieces.files["seal-certificate.json"] = to_bytes(key.certificate.envelope.to_json());
  }
  pieces.make_manifests();
  REFUTED(stage.after(pieces), "seal", "invalid");
}

TEST_CASE("the recording key cannot seal") {
  Stage stage;
  auto pieces = take_apart(stage.good);
  pieces.seal(test::certified(stage.keys, KeyRole::kRecording));
  REFUTED(stage.after(pieces), "seal", "invalid");
}

TEST_CASE("the seal of another package is put in") {
  Stage stage;
  auto pieces = take_apart(stage.good);
  pieces.files["seal.json"] = stage.other_package().files.at("seal.json");
  REFUTED(stage.after(pieces), "seal", "invalid");
}

TEST_CASE("the clip of another package is put in") {
  Stage stage;
  auto pieces = take_apart(stage.good);
  const auto other = stage.other_package();
  pieces.files[kClip] = other.files.at(kClip);
  SECTION("alone") {
    REFUTED(stage.after(pieces), "contents", "altered");
  }
  SECTION("and sealed by the device itself: the recording knows") {
    put_evidence(pieces, evidence_of(pieces));
    pieces.seal(stage.seal_key());
    const auto report = stage.after(pieces);
    CHECK(value_of(report, "contents") == "intact");
    CHECK(value_of(report, "seal") == "valid");
    REFUTED(report, "continuity", "altered");
  }
  SECTION("with its proof, under the old lesson's name") {
    pieces.files[kProof] = other.files.at(kProof);
    pieces.files[kRecords] = other.files.at(kRecords);
    auto evidence = evidence_of(pieces);
    evidence.lesson_id = "01938b6e-7e5f-7cc3-8b12-0a5a3c9f2e12";
    put_evidence(pieces, evidence);
    pieces.seal(stage.seal_key());
    REFUTED(stage.after(pieces), "recording", "altered");
  }
}

TEST_CASE("the identity is withheld, replaced or put where none was") {
  Stage stage;
  auto pieces = take_apart(stage.good);
  SECTION("withheld: still good") {
    pieces.files.erase("identity.box");
    const auto report = stage.after(pieces);
    INFO(told(report));
    CHECK_FALSE(report.refuted());
    CHECK(value_of(report, "identity") == "withheld");
  }
  SECTION("replaced") {
    pieces.files["identity.box"] = must(seal_box(as_bytes("{}"), stage.platform.public_key));
    REFUTED(stage.after(pieces), "contents", "altered");
  }
  SECTION("put where none was") {
    build(request_of(stage.lesson), stage.keys, stage.bad);
    auto without = take_apart(stage.bad);
    without.files["identity.box"] = pieces.files.at("identity.box");
    REFUTED(stage.after(without), "contents", "altered");
  }
}

TEST_CASE("a file is added or taken out") {
  Stage stage;
  auto pieces = take_apart(stage.good);
  SECTION("added") {
    pieces.files["data/extra.txt"] = to_bytes("hello");
    REFUTED(stage.after(pieces), "contents", "altered");
  }
  SECTION("added and listed") {
    pieces.files["data/extra.txt"] = to_bytes("hello");
    pieces.seal(stage.seal_key());
    REFUTED(stage.after(pieces), "contents", "altered");
  }
  SECTION("a proof too many") {
    pieces.files["proof/clip-2.json"] = pieces.files.at(kProof);
    pieces.seal(stage.seal_key());
    REFUTED(stage.after(pieces), "contents", "altered");
  }
  SECTION("taken out") {
    pieces.files.erase("data/documents/document-2.pdf");
    REFUTED(stage.after(pieces), "contents", "altered");
  }
  SECTION("the clip taken out") {
    pieces.files.erase(kClip);
    const auto report = stage.after(pieces);
    CHECK(value_of(report, "contents") == "altered");
    REFUTED(report, "continuity", "altered");
  }
  SECTION("the proof taken out") {
    pieces.files.erase(kProof);
    REFUTED(stage.after(pieces), "recording", "altered");
  }
  SECTION("evidence.json taken out") {
    pieces.files.erase("data/evidence.json");
    REFUTED(stage.after(pieces), "contents", "altered");
  }
  SECTION("a manifest taken out") {
    pieces.files.erase("manifest-sha256.txt");
    REFUTED(stage.after(pieces), "structure", "altered");
  }
}

TEST_CASE("the bag goes under another name") {
  Stage stage;
  auto pieces = take_apart(stage.good);
  SECTION("of the same form") {
    pieces.bag = "evidence-0123456789abcdef";
    REFUTED(stage.after(pieces), "contents", "altered");
  }
  SECTION("of another form") {
    pieces.bag = "evidence-0123456789ABCDEF";
    REFUTED(stage.after(pieces), "structure", "altered");
  }
}

TEST_CASE("an unknown device is told, and refuted when known ones were asked for") {
  Stage stage;
  const auto other = test::certified(stage.other_keys, KeyRole::kSeal).certificate.device_key;
  CHECK(value_of(verify_file(stage.good), "device") == "not-asked");
  CHECK(value_of(verify_file(stage.good, {{other, stage.device()}, {}, {}}), "device") == "known");
  REFUTED(verify_file(stage.good, {{other}, {}, {}}), "device", "unknown");
}

TEST_CASE("a clock that was not synchronised is told, not refuted") {
  TinyRecipe recipe;
  recipe.synchronised = false;
  Stage stage(recipe);
  const auto report = verify_file(stage.good);
  CHECK(value_of(report, "clock") == "unsynchronised");
  CHECK_FALSE(report.refuted());
}

TEST_CASE("the file is cut short or grows") {
  Stage stage;
  const Bytes good = read_bytes(stage.good);
  SECTION("cut at many places") {
    for (std::size_t size = 0; size < good.size(); size += 1 + size / 7) {
      INFO(size);
      write_bytes(stage.bad, ByteView(good).first(size));
      REFUTED(verify_file(stage.bad), "structure", "altered");
    }
    write_bytes(stage.bad, ByteView(good).first(good.size() - 1));
    REFUTED(verify_file(stage.bad), "structure", "altered");
  }
  SECTION("one byte more") {
    Bytes longer = good;
    longer.push_back(0);
    write_bytes(stage.bad, longer);
    REFUTED(verify_file(stage.bad), "structure", "altered");
  }
  SECTION("a zero tail") {
    Bytes longer = good;
    longer.resize(good.size() + 4096);
    write_bytes(stage.bad, longer);
    REFUTED(verify_file(stage.bad), "structure", "altered");
  }
  SECTION("bytes in front") {
    Bytes longer(64, 'x');
    put_bytes(longer, good);
    write_bytes(stage.bad, longer);
    REFUTED(verify_file(stage.bad), "structure", "altered");
  }
  SECTION("twice in a row") {
    Bytes longer = good;
    put_bytes(longer, good);
    write_bytes(stage.bad, longer);
    REFUTED(verify_file(stage.bad), "structure", "altered");
  }
}
