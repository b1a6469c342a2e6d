// RFC 8493, rule by rule, with bags of our own: what the RFC forbids is refused, and so is what it allows but
// our one form does not have. Every bag is sealed by the device itself, so that only the rule speaks against
// it.

#include <catch2/catch.hpp>
#include <set>

#include "firmware/base/json_io.h"
#include "tests/evidence/attack_stage.h"

using namespace shilu;
using namespace shilu::evidence;
using namespace shilu::test;

namespace {

const std::string kManifest = "manifest-sha256.txt";
const std::string kTags = "tagmanifest-sha256.txt";

class Bag {
 public:
  Stage stage;
  Pieces pieces = take_apart(stage.good);

  std::string text(const std::string& name) { return std::string(as_text(pieces.files.at(name))); }
  void put(const std::string& name, const std::string& text) { pieces.files[name] = to_bytes(text); }
  void replace(const std::string& name, const std::string& old, const std::string& by) {
    std::string changed = text(name);
    const std::size_t at = changed.find(old);
    REQUIRE(at != changed.npos);
    put(name, changed.replace(at, old.size(), by));
  }

  // The tag manifest and the seal are made to fit whatever the other tag files say.
  void fit_tags() {
    std::string lines;
    for (const auto& [name, bytes] : pieces.files) {
      if (name.starts_with("data/") || name == kTags || name == "seal.json" || name == "identity.box")
        continue;
      lines += to_hex(sha256(bytes)) + "  " + name + "\n";
    }
    put(kTags, lines);
    pieces.bag = "evidence-" + to_hex(sha256(text(kManifest))).substr(0, 16);
    seal();
  }
  void seal() {
    const auto key = stage.seal_key();
    const Json old = must(parse_json(as_text(must(DsseEnvelope::from_json(text("seal.json"))).payload)));
    Json said = old;
    said["name"] = pieces.bag;
    said["tagmanifest_sha256"] = to_hex(sha256(text(kTags)));
    put("seal.json",
        must(dsse_sign("application/vnd.shilu.seal+json", to_bytes(canonical_json(said)), key.key))
            .to_json());
  }

  // Refuted as `fact` with words that hold `says`.
  void refused(const std::string& fact, const std::string& says) {
    const auto report = stage.after(pieces);
    INFO(told(report));
    CHECK(report.refuted());
    CHECK(value_of(report, fact) == "altered");
    CHECK(detail_of(report, fact).find(says) != std::string::npos);
  }
};

}  // namespace

TEST_CASE("the bag of these tests is accepted before anything is changed") {
  Bag bag;
  bag.fit_tags();
  const auto report = bag.stage.after(bag.pieces);
  INFO(told(report));
  CHECK_FALSE(report.refuted());
}

TEST_CASE("2.1.1 bagit.txt has its two lines and nothing else") {
  Bag bag;
  std::string bagit = bag.text("bagit.txt");
  SECTION("a byte order mark, which the RFC forbids") {
    bagit = "\xef\xbb\xbf" + bagit;
  }
  SECTION("an older version") {
    bagit.replace(bagit.find("1.0"), 3, "0.97");
  }
  SECTION("another encoding") {
    bagit.replace(bagit.find("UTF-8"), 5, "UTF-16");
  }
  SECTION("white space in front of the colon") {
    bagit.replace(bagit.find(':'), 1, " :");
  }
  SECTION("two blanks behind the colon") {
    bagit.replace(bagit.find(": "), 2, ":  ");
  }
  SECTION("CR LF line ends") {
    bagit = "BagIt-Version: 1.0\r\nTag-File-Character-Encoding: UTF-8\r\n";
  }
  SECTION("no last newline") {
    bagit.pop_back();
  }
  SECTION("a third line") {
    bagit += "More: yes\n";
  }
  SECTION("the lines swapped") {
    bagit = "Tag-File-Character-Encoding: UTF-8\nBagIt-Version: 1.0\n";
  }
  bag.put("bagit.txt", bagit);
  bag.fit_tags();
  bag.refused("contents", "bagit.txt is not that of a BagIt 1.0 bag");
}

TEST_CASE("2.1.1 to 2.2.1 the four tag files are there") {
  Bag bag;
  const std::string name = GENERATE(as<std::string>(), "bagit.txt", "bag-info.txt", "manifest-sha256.txt",
                                    "tagmanifest-sha256.txt");
  bag.pieces.files.erase(name);
  bag.refused("structure", name + " is missing");
}

TEST_CASE("2.1.3 the manifest lists each payload file once, under its own name, with its own digest") {
  Bag bag;
  const std::string plan = "data/documents/document-1.pdf";
  std::string says = "manifest-sha256.txt";
  SECTION("a way out of the bag") {
    bag.replace(kManifest, plan, "data/../../document-1.pdf");
  }
  SECTION("an absolute name") {
    bag.replace(kManifest, plan, "/data/documents/document-1.pdf");
  }
  SECTION("a name from a home") {
    bag.replace(kManifest, plan, "~/documents/document-1.pdf");
  }
  SECTION("a file outside data/") {
    bag.replace(kManifest, plan, "documents/document-1.pdf");
  }
  SECTION("a name of another letter case") {
    bag.replace(kManifest, plan, "data/documents/Document-1.pdf");
  }
  SECTION("a name with an encoded letter") {
    bag.replace(kManifest, plan, "data/documents/document%2D1.pdf");
  }
  SECTION("the same file twice") {
    const std::string manifest = bag.text(kManifest);
    const std::string line = manifest.substr(0, manifest.find('\n') + 1);
    bag.put(kManifest, line + manifest);
  }
  SECTION("the same file twice with two digests") {
    const std::string manifest = bag.text(kManifest);
    bag.put(kManifest, manifest + std::string(64, '0') + manifest.substr(64, manifest.find('\n') + 1 - 64));
  }
  SECTION("a file that is not there") {
    bag.put(kManifest, bag.text(kManifest) + std::string(64, '0') + "  data/z\n");
  }
  SECTION("a file left out") {
    const std::string manifest = bag.text(kManifest);
    bag.put(kManifest, manifest.substr(manifest.find('\n') + 1));
  }
  SECTION("another digest") {
    bag.replace(kManifest, bag.text(kManifest).substr(0, 2), "zz");
  }
  SECTION("a digest in capitals") {
    std::string manifest = bag.text(kManifest);
    for (std::size_t i = 0; i < 64; ++i)
      manifest[i] = static_cast<char>(std::toupper(static_cast<unsigned char>(manifest[i])));
    bag.put(kManifest, manifest);
  }
  SECTION("a tab between digest and name, which the RFC allows") {
    bag.replace(kManifest, "  data/annotations", "\tdata/annotations");
  }
  SECTION("one blank between them") {
    bag.replace(kManifest, "  data/annotations", " data/annotations");
  }
  SECTION("the mark of a binary file") {
    bag.replace(kManifest, "  data/annotations", " *data/annotations");
  }
  SECTION("a blank behind the name") {
    bag.replace(kManifest, "annotations.jsonld", "annotations.jsonld ");
  }
  SECTION("CR LF line ends") {
    bag.replace(kManifest, "annotations.jsonld\n", "annotations.jsonld\r\n");
  }
  SECTION("an empty line") {
    bag.replace(kManifest, "annotations.jsonld\n", "annotations.jsonld\n\n");
  }
  SECTION("a byte order mark") {
    bag.put(kManifest, "\xef\xbb\xbf" + bag.text(kManifest));
  }
  bag.fit_tags();
  bag.refused("contents", says);
}

TEST_CASE("2.1.3 names that two systems could take for one another are no names of a package") {
  // "é" as one letter (NFC) and as two (NFD): the same for people and for some file systems.
  Bag bag;
  const std::string composed = "data/documents/caf\xc3\xa9.pdf",
                    decomposed = "data/documents/cafe\xcc\x81.pdf";
  SECTION("in the manifest") {
    bag.replace(kManifest, "data/documents/document-1.pdf", GENERATE_COPY(composed, decomposed));
    bag.fit_tags();
    bag.refused("contents", "which is not there");
  }
  SECTION("in the zip itself") {
    // Our own writer refuses such names, so the letters are put into a finished file: of the same length.
    bag.pieces.files["data/documents/cafe-x.pdf"] = to_bytes("one");
    bag.pieces.write(bag.stage.bad);
    Bytes bytes = read_bytes(bag.stage.bad);
    for (std::size_t at = as_text(bytes).find("cafe-x"); at != std::string_view::npos;
         at = as_text(bytes).find("cafe-x", at)) {
      const std::string other = "cafe\xcc\x81";
      std::copy(other.begin(), other.end(), bytes.begin() + static_cast<std::ptrdiff_t>(at));
    }
    write_bytes(bag.stage.bad, bytes);
    const auto report = verify_file(bag.stage.bad);
    CHECK(value_of(report, "structure") == "altered");
    CHECK(detail_of(report, "structure").find("a file name that no package has") != std::string::npos);
  }
}

TEST_CASE("2.2.1 the tag manifest lists the tag files and not itself") {
  Bag bag;
  std::string tags = bag.text(kTags);
  SECTION("a tag file left out") {
    tags = tags.substr(tags.find('\n') + 1);
  }
  SECTION("itself") {
    tags += std::string(64, '0') + "  " + kTags + "\n";
  }
  SECTION("a payload file") {
    tags = to_hex(sha256(bag.pieces.files.at(kClip))) + "  " + kClip + "\n" + tags;
  }
  SECTION("another digest of bag-info.txt") {
    tags.replace(0, 4, tags.substr(0, 4) == "0000" ? "1111" : "0000");
  }
  bag.put(kTags, tags);
  bag.seal();
  bag.refused("contents", kTags);
}

TEST_CASE("2.2.2 bag-info.txt tells the payload as it is") {
  Bag bag;
  std::string info = bag.text("bag-info.txt");
  const std::size_t oxum = info.find("Payload-Oxum: ") + 14;
  SECTION("an oxum of one byte more") {
    info[oxum] = info[oxum] == '9' ? '8' : '9';
  }
  SECTION("an oxum of one file less") {
    info[info.size() - 2] = info[info.size() - 2] == '1' ? '2' : '1';
  }
  SECTION("an oxum that is no number") {
    info.replace(oxum, std::string::npos, "many.1\n");
  }
  SECTION("no oxum") {
    info.erase(info.find("Payload-Oxum"));
  }
  SECTION("the oxum twice") {
    info += info.substr(info.find("Payload-Oxum"));
  }
  SECTION("a folded line") {
    info.replace(info.find("External-Identifier: "), 21, "External-Identifier:\n  ");
  }
  SECTION("a label of another letter case, which the RFC allows") {
    info.replace(0, 5, "BAGIT");
  }
  SECTION("another order, which the RFC allows") {
    const std::size_t second = info.find('\n') + 1;
    info = info.substr(second) + info.substr(0, second);
  }
  SECTION("a label that the profile does not have") {
    info += "Contact-Name: somebody\n";
  }
  SECTION("a byte order mark") {
    info = "\xef\xbb\xbf" + info;
  }
  bag.put("bag-info.txt", info);
  bag.fit_tags();
  bag.refused("contents", "bag-info.txt does not describe this bag");
}

TEST_CASE("2.2.3 fetch.txt is not for packages: all of the payload is in the bag") {
  Bag bag;
  bag.put("fetch.txt", "https://example.org/x 10 data/documents/document-1.pdf\n");
  bag.fit_tags();
  bag.refused("structure", "fetch.txt does not stand where it belongs, or belongs to no package");
}

TEST_CASE("2.4 other manifests and folders are not for packages") {
  Bag bag;
  SECTION("a second manifest of a weaker digest") {
    bag.put("manifest-md5.txt", "d41d8cd98f00b204e9800998ecf8427e  data/evidence.json\n");
  }
  SECTION("a folder of somebody's tags") {
    bag.put("extra/tags.txt", "hello\n");
  }
  bag.fit_tags();
  bag.refused("structure", "belongs to no package");
}

TEST_CASE("the published profile says what the packages are") {
  const Json profile =
      must(parse_json(must(read_text_file(SHILU_SOURCE_DIR "/docs/ref/bagit-profile-1.json"))));
  Bag bag;
  const Json& about = profile["BagIt-Profile-Info"];
  for (const char* member : {"BagIt-Profile-Identifier", "BagIt-Profile-Version", "Source-Organization",
                             "External-Description", "Version"})
    CHECK(about[member].is_string());
  const std::string info = bag.text("bag-info.txt");
  CHECK(info.find("BagIt-Profile-Identifier: " + about["BagIt-Profile-Identifier"].get<std::string>() +
                  "\n") == 0);
  std::size_t labels = 0;
  for (const auto& [label, rule] : profile["Bag-Info"].items()) {
    CHECK(rule["required"] == true);
    labels += info.find("\n" + label + ": ") != info.npos || info.starts_with(label + ": ") ? 1 : 0;
  }
  CHECK(labels == static_cast<std::size_t>(std::count(info.begin(), info.end(), '\n')));
  CHECK(profile["Manifests-Required"] == Json({"sha256"}));
  CHECK(profile["Tag-Manifests-Required"] == Json({"sha256"}));
  CHECK(profile["Allow-Fetch.txt"] == false);
  CHECK(profile["Accept-BagIt-Version"] == Json({"1.0"}));
  CHECK(profile["Accept-Serialization"] == Json({"application/zip"}));
  for (const Json& file : profile["Tag-Files-Required"])
    CHECK(bag.pieces.files.contains(file.get<std::string>()));
  for (const Json& file : profile["Payload-Files-Required"])
    CHECK(bag.pieces.files.contains(file.get<std::string>()));
  // Each file of a package is one that the profile allows: its globs have one star.
  const auto allowed = [](const Json& list, const std::string& name) {
    return std::any_of(list.begin(), list.end(), [&](const Json& item) {
      const auto glob = item.get<std::string>();
      const std::size_t star = std::min(glob.find('*'), glob.size());
      return star == glob.size()
                 ? glob == name
                 : name.starts_with(glob.substr(0, star)) && name.ends_with(glob.substr(star + 1));
    });
  };
  const std::set<std::string> bagit{"bagit.txt", "bag-info.txt", kManifest, kTags};
  for (const auto& [name, bytes] : bag.pieces.files) {
    INFO(name);
    const Json& list = profile[name.starts_with("data/") ? "Payload-Files-Allowed" : "Tag-Files-Allowed"];
    CHECK((bagit.contains(name) || allowed(list, name)));
  }
}
