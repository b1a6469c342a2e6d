#include "tests/evidence/catalogue_fixture.h"
#include "tests/evidence/clip_surgeon_fixture.h"

namespace shilu::test {
namespace {

using evidence::VerifyReport;

constexpr const char* kNobody = "nothing";
constexpr const char* kOtherDevice = "another device's keys";
constexpr const char* kSealKey = "the seal key";
const std::string kPlan = "data/documents/document-1.pdf";

VerifyReport with_bytes(const std::function<void(Bytes&)>& change) {
  Stage stage;
  Bytes bytes = read_bytes(stage.good);
  change(bytes);
  write_bytes(stage.bad, bytes);
  return verify_file(stage.bad);
}

// Changes the pieces; nothing is made to fit.
VerifyReport plain(const std::function<void(Stage&, Pieces&)>& change) {
  Stage stage;
  Pieces pieces = take_apart(stage.good);
  change(stage, pieces);
  return stage.after(pieces);
}

// Everything that needs no key is made to fit.
VerifyReport fitted(const std::function<void(Stage&, Pieces&)>& change) {
  return plain([&](Stage& stage, Pieces& pieces) {
    change(stage, pieces);
    put_evidence(pieces, evidence_of(pieces));
    pieces.make_manifests();
  });
}

VerifyReport sealed(const std::function<void(Stage&, Pieces&)>& change) {
  return plain([&](Stage& stage, Pieces& pieces) {
    change(stage, pieces);
    put_evidence(pieces, evidence_of(pieces));
    pieces.seal(stage.seal_key());
  });
}

void flip(Pieces& pieces, const std::string& file) {
  Bytes& bytes = pieces.files.at(file);
  bytes[bytes.size() / 2] ^= 1;
}
void swap_documents(Stage&, Pieces& pieces) {
  std::swap(pieces.files.at(kPlan), pieces.files.at("data/documents/document-2.pdf"));
}

// A bit of the file as it lies on the disk.
VerifyReport flipped_at(const std::function<std::size_t(const Bytes&)>& place) {
  return with_bytes([&](Bytes& bytes) { bytes[place(bytes)] ^= 1; });
}

// A film that plays, with the clip's own header and times, and other pictures.
Bytes blurred(const Pieces& good) {
  ClipSurgeon surgeon(good, kClip);
  for (auto& fragment : surgeon.fragments) fragment.bytes.back() ^= 0x55;
  return surgeon.behind_old_header();
}

VerifyReport with_derivative(const std::function<void(Stage&, Pieces&)>& change) {
  Stage stage;
  auto request = request_of(stage.lesson);
  write_bytes(stage.directory / "blurred.mp4", blurred(take_apart(stage.good)));
  request.derived = {{stage.directory / "blurred.mp4", 1, "", 1, "faces blurred"}};
  build(request, stage.keys, stage.good);
  Pieces pieces = take_apart(stage.good);
  change(stage, pieces);
  pieces.seal(stage.seal_key());
  return stage.after(pieces);
}

std::vector<Attack> damage() {
  return {
      {"flip a bit of a document", kNobody, "contents",
       [] { return flipped_at([](const Bytes& bytes) { return as_text(bytes).find("%PDF") + 20; }); }},
      {"flip a bit of a clip", kNobody, "contents",
       [] { return flipped_at([](const Bytes& bytes) { return as_text(bytes).find("moof") + 200; }); }},
      {"flip a bit of the first zip header", kNobody, "structure",
       [] { return flipped_at([](const Bytes&) { return 9u; }); }},
      {"flip a bit of the zip directory", kNobody, "structure",
       [] { return flipped_at([](const Bytes& bytes) { return bytes.size() - 40; }); }},
      {"truncate the file", kNobody, "structure",
       [] { return with_bytes([](Bytes& b) { b.resize(b.size() - 1); }); }},
      {"cut the file in half", kNobody, "structure",
       [] { return with_bytes([](Bytes& b) { b.resize(b.size() / 2); }); }},
      {"append a byte", kNobody, "structure", [] { return with_bytes([](Bytes& b) { b.push_back('x'); }); }},
      {"append a tail of zeros", kNobody, "structure",
       [] { return with_bytes([](Bytes& b) { b.resize(b.size() + 4096); }); }},
      {"give the package another name", kNobody, "contents",
       [] { return plain([](Stage&, Pieces& pieces) { pieces.bag = "evidence-0123456789abcdef"; }); }},
  };
}

std::vector<Attack> swaps() {
  return {
      {"swap two documents", kNobody, "contents", [] { return plain(swap_documents); }},
      {"swap two documents, and make claims and manifests fit", kNobody, "seal",
       [] { return fitted(swap_documents); }},
      {"swap two documents, and seal with another device", kOtherDevice, "seal",
       [] {
         return plain([](Stage& stage, Pieces& pieces) {
           swap_documents(stage, pieces);
           put_evidence(pieces, evidence_of(pieces));
           pieces.seal(stage.other_seal_key());
         });
       }},
      {"add a file", kNobody, "contents",
       [] {
         return plain([](Stage&, Pieces& pieces) { pieces.files["data/more.txt"] = to_bytes("more"); });
       }},
      {"add a file that the claims do not know, and seal", kSealKey, "contents",
       [] {
         return sealed([](Stage&, Pieces& pieces) { pieces.files["data/more.txt"] = to_bytes("more"); });
       }},
      {"take a document out", kNobody, "contents",
       [] { return plain([](Stage&, Pieces& pieces) { pieces.files.erase(kPlan); }); }},
      {"swap the teacher", kNobody, "contents",
       [] {
         return plain([](Stage&, Pieces& pieces) {
           auto claims = evidence_of(pieces);
           claims.pseudonym = "t-0123456789abcdef";
           pieces.files["data/evidence.json"] = to_bytes(claims.to_json());
         });
       }},
      {"swap the sealed identity", kNobody, "contents",
       [] {
         return plain([](Stage& stage, Pieces& pieces) {
           pieces.files["identity.box"] = must(seal_box(as_bytes("{}"), stage.platform.public_key));
         });
       }},
      {"change a note of the teacher", kNobody, "contents",
       [] { return plain([](Stage&, Pieces& pieces) { flip(pieces, "data/annotations.jsonld"); }); }},
  };
}

std::vector<Attack> signatures() {
  return {
      {"strip the seal", kNobody, "seal",
       [] { return plain([](Stage&, Pieces& pieces) { pieces.files.erase("seal.json"); }); }},
      {"strip every signature", kNobody, "seal",
       [] {
         return plain([](Stage&, Pieces& pieces) {
           pieces.files.erase("seal.json");
           pieces.files.erase("seal-certificate.json");
           auto proof = proof_of(pieces);
           proof.checkpoint.signature.clear();
           put_proof(pieces, proof);
           pieces.make_manifests();
         });
       }},
      {"take the seal of another package", kNobody, "seal",
       [] {
         return plain([](Stage& stage, Pieces& pieces) {
           pieces.files["seal.json"] = stage.other_package().files.at("seal.json");
         });
       }},
      {"seal with the recording key", "the recording key", "seal",
       [] {
         return plain([](Stage& stage, Pieces& pieces) {
           pieces.seal(test::certified(stage.keys, KeyRole::kRecording));
         });
       }},
      {"say that no signatures are expected", kSealKey, "contents",
       [] {
         return plain([](Stage& stage, Pieces& pieces) {
           std::string text(as_text(pieces.files.at("data/evidence.json")));
           text.replace(text.find("\"signatures_expected\":true"), 26, "\"signatures_expected\":false");
           pieces.files["data/evidence.json"] = to_bytes(text);
           pieces.seal(stage.seal_key());
         });
       }},
      {"replay the package under another lesson's id", kSealKey, "recording",
       [] {
         return plain([](Stage& stage, Pieces& pieces) {
           auto claims = evidence_of(pieces);
           claims.lesson_id = "01938b6e-7e5f-7cc3-8b12-0a5a3c9f2e12";
           put_evidence(pieces, claims);
           auto& info = pieces.files["bag-info.txt"];
           std::string text(as_text(info));
           text.replace(text.find("0a5a3c9f2e11"), 12, "0a5a3c9f2e12");
           info = to_bytes(text);
           pieces.seal(stage.seal_key());
         });
       }},
      {"hand in a device's package where only another device is known", kNobody, "device",
       [] {
         Stage stage;
         evidence::VerifyOptions options;
         options.trusted_devices = {stage.other_seal_key().certificate.device_key};
         return verify_file(stage.good, options);
       }},
  };
}

std::vector<Attack> derivatives() {
  return {
      {"let a derivative pose as the original clip", kSealKey, "continuity",
       [] {
         return with_derivative([](Stage&, Pieces& pieces) {
           pieces.files[kClip] = pieces.files.at("data/derived/derived-1.mp4");
           auto claims = evidence_of(pieces);
           claims.derived.clear();
           pieces.files.erase("data/derived/derived-1.mp4");
           put_evidence(pieces, claims);
         });
       }},
      {"let a derivative name another origin", kSealKey, "contents",
       [] {
         return with_derivative([](Stage&, Pieces& pieces) {
           auto claims = evidence_of(pieces);
           claims.derived[0].from_sha256[0] ^= 1;
           put_evidence(pieces, claims);
         });
       }},
  };
}

}  // namespace

std::vector<Attack> attacks_on_files() {
  std::vector<Attack> all;
  for (auto& group : {damage(), swaps(), signatures(), derivatives()})
    all.insert(all.end(), group.begin(), group.end());
  return all;
}

}  // namespace shilu::test
